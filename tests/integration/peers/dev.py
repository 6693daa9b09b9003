#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usher dev: ready in seconds, shows what arrives, and leaves nothing
running, whoever starts it and however it ends.

covers: db/cluster.c
covers: delivery/capture.c
"""
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
from house import HOUSE, SLOW, wait_until  # noqa: E402


class DevCase(unittest.TestCase):
    user = None  # whoever runs the tests

    def setUp(self):
        self.folder = HOUSE.make_folder("dev")
        self.programs = house.BUILD
        if self.user:
            shutil.chown(self.folder, self.user)
            self.programs = HOUSE.make_folder("bin")
            for name in ("usher", "usherd", "usher-mail"):
                shutil.copy(os.path.join(house.BUILD, name), self.programs)
        self.home = os.path.join(self.folder, "home")
        self.config = os.path.join(self.home, "usher.conf")
        self.process = None

    def tearDown(self):
        if self.process and self.process.poll() is None:
            self.stop()

    def command(self, *words):
        lead = ["runuser", "-u", self.user, "--"] if self.user else []
        return [*lead, os.path.join(self.programs, "usher"), *words]

    def start(self, *words):
        out = os.path.join(self.folder, "dev.out")
        begun = os.path.getsize(out) if os.path.exists(out) else 0
        self.process = HOUSE.spawn(
            self.command("dev", "--dir", self.home, *words), out,
            cwd=self.folder, start_new_session=True)

        def printed():
            with open(out, encoding="utf-8") as file:
                file.seek(begun)
                return file.read()
        self.printed = printed

        def ready():
            self.assertIsNone(self.process.poll(), printed())
            return "\nready\n" in printed()
        wait_until(ready, 40, "usher dev is ready")

    def run_usher(self, *words):
        done = subprocess.run(
            self.command(*words, "--config", self.config, "--json"),
            capture_output=True, check=False, cwd=self.folder,
            timeout=60 * SLOW)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        for message in answer if words[0] == "inbox" else []:
            HOUSE.note_secret(message["password"], "a temporary password")
        return answer

    def own(self):
        """The process of usher dev itself, not of runuser."""
        pids = [self.process.pid, *house.children_of(self.process.pid)]
        return next(pid for pid in pids if house.program_of(pid) == "usher")

    def beings(self):
        """Processes that work in the folder."""
        return [(pid, words) for pid, words in HOUSE.ours()
                if self.folder in words]

    def stop(self, how=signal.SIGINT):
        """Ends it; what it left running is a failure."""
        os.kill(self.own(), how)
        status = HOUSE.end(self.process, signal.SIGCONT, 30)
        wait_until(lambda: not self.beings(), 15,
                   "everything of usher dev ends")
        return status

    def invite(self, pool, username, **attributes):
        words = [word for name, value in attributes.items()
                 for word in ("--attribute", f"{name}={value}")]
        return self.run_usher("invite", "--pool", pool, "--username",
                              username, *words)

    def make_pool(self):
        return self.run_usher("pool", "create", "--name",
                              "demo")["UserPool"]["Id"]


class Dev(DevCase):
    def test_invitations_are_kept_and_shown(self):
        self.start()
        pool = self.make_pool()
        self.invite(pool, "alice", email="alice@example.com")
        self.invite(pool, "bob", phone_number="+15555550100")
        messages = self.run_usher("inbox", "--count", "2")
        self.assertEqual({message["to"] for message in messages},
                         {"alice@example.com", "+15555550100"})
        for message in messages:
            self.assertGreaterEqual(len(message["password"]), 16)
            self.assertIn(message["password"], message["text"])
            wait_until(lambda m=message: m["password"] in self.printed(), 10,
                       "the message is shown")
        self.assertEqual(self.stop(), 0)
        self.assertTrue(os.path.isdir(self.home))
        self.assertIn("stopped", self.printed())

    def test_second_start_keeps_everything(self):
        self.start("--quiet")
        pool = self.make_pool()
        self.invite(pool, "alice", email="alice@example.com")
        first = self.run_usher("inbox", "--count", "1")
        self.assertEqual(self.stop(signal.SIGTERM), 0)
        begun = time.monotonic()
        self.start("--quiet")
        self.assertLess(time.monotonic() - begun, 5 * SLOW)
        self.assertEqual(self.run_usher("inbox"), first)
        self.assertNotIn(first[0]["password"], self.printed())
        self.invite(pool, "bob", email="bob@example.com")
        self.assertEqual(len(self.run_usher("inbox", "--count", "2")), 2)
        self.assertEqual(self.stop(signal.SIGHUP), 0)

    def test_killed_leaves_nothing_behind(self):
        self.start("--quiet")
        pool = self.make_pool()
        self.stop(signal.SIGKILL)
        self.start("--quiet")
        self.invite(pool, "carol", email="carol@example.com")
        self.assertEqual(len(self.run_usher("inbox", "--count", "1")), 1)
        self.assertEqual(self.stop(), 0)

    def test_sandbox(self):
        self.start("--quiet", "--sandbox")
        pool = self.make_pool()
        answer = self.invite(pool, "dave", phone_number="+15555550100")
        self.assertEqual(answer["Messages"][0]["state"], "blocked")
        self.assertEqual(self.stop(), 0)

    def test_two_in_one_folder(self):
        self.start("--quiet")
        done = subprocess.run(self.command("dev", "--dir", self.home),
                              capture_output=True, check=False,
                              cwd=self.folder, timeout=60 * SLOW)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"running in that folder already", done.stderr)
        self.make_pool()
        self.assertEqual(self.stop(), 0)

    def test_folder_of_odd_characters(self):
        self.home = os.path.join(self.folder, "a b, 'c' \"d\" $e\\")
        self.config = os.path.join(self.home, "usher.conf")
        self.start("--quiet")
        self.make_pool()
        self.assertEqual(self.stop(), 0)

    def test_interrupted_at_the_first_start(self):
        for pause in (0.05, 0.5):
            self.home = os.path.join(self.folder, f"home-{pause}")
            self.config = os.path.join(self.home, "usher.conf")
            process = HOUSE.spawn(
                self.command("dev", "--dir", self.home, "--quiet"),
                os.path.join(self.folder, "interrupted.out"),
                cwd=self.folder, start_new_session=True)
            time.sleep(pause)
            self.assertEqual(HOUSE.end(process, signal.SIGINT, 30), 0)
            self.assertEqual(self.beings(), [])
            self.start("--quiet")
            self.make_pool()
            self.assertEqual(self.stop(), 0)

    def test_usherd_dies(self):
        self.start("--quiet")
        daemon = next(pid for pid in house.children_of(self.own())
                      if house.program_of(pid) == "usherd")
        os.kill(daemon, signal.SIGKILL)
        wait_until(lambda: self.process.poll() is not None, 20,
                   "usher dev ends")
        self.assertNotEqual(HOUSE.end(self.process), 0)
        self.assertIn("usherd ended by itself", self.printed())
        wait_until(lambda: not self.beings(), 15, "everything ends")


@unittest.skipUnless(house.is_root(), "only root can be another user")
class DevAsOrdinaryUser(DevCase):
    user = "nobody"

    def test_invite_and_stop(self):
        self.start()
        owner = pwd.getpwuid(os.stat(os.path.join(
            self.home, "pg", "data")).st_uid).pw_name
        self.assertEqual(owner, self.user)
        pool = self.make_pool()
        self.invite(pool, "alice", email="alice@example.com")
        self.assertEqual(len(self.run_usher("inbox", "--count", "1")), 1)
        self.assertEqual(self.stop(), 0)


class DevAsRoot(DevCase):
    @unittest.skipUnless(house.is_root(), "only root has PostgreSQL run as "
                         "another user")
    def test_postgres_is_not_root(self):
        self.start("--quiet")
        owner = os.stat(os.path.join(self.home, "pg", "data")).st_uid
        self.assertNotEqual(owner, 0)
        for path in glob.glob(os.path.join(self.home, "keys")):
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
        self.assertEqual(self.stop(), 0)


if __name__ == "__main__":
    house.main()
