#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usher dev: ready in seconds, shows what arrives, and leaves nothing
running, whoever starts it and however it ends.

covers: db/cluster.c
covers: delivery/capture.c
"""
import contextlib
import glob
import http.server
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "..", "clients"))

import house  # noqa: E402
from house import HOUSE, SLOW, wait_until  # noqa: E402
from signer import Caller, Signer  # noqa: E402


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

    def begin(self, *words):
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

    def start(self, *words):
        self.begin(*words)

        def ready():
            self.assertIsNone(self.process.poll(), self.printed())
            return "\nready\n" in self.printed()
        wait_until(ready, 40, "usher dev is ready")
        HOUSE.note_secret(self.exported()["AWS_SECRET_ACCESS_KEY"],
                          "secret of the key of usher dev")

    def exported(self):
        """The variables, as a shell would have them."""
        lines = re.findall("^  (export .*)$", self.printed(), re.MULTILINE)
        done = subprocess.run(
            ["env", "-i", "sh", "-c", "\n".join(lines) + "\nenv"],
            capture_output=True, text=True, check=True)
        found = dict(line.split("=", 1) for line in done.stdout.splitlines())
        found.pop("PWD", None)
        return found

    def call(self, operation, variables=None, **members):
        """The status and the body of the answer."""
        variables = variables or self.exported()
        host, port = re.fullmatch(
            r"http://(.+):(\d+)",
            variables["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]).groups()
        signer = Signer(
            {"AccessKeyId": variables["AWS_ACCESS_KEY_ID"],
             "SecretAccessKey": variables["AWS_SECRET_ACCESS_KEY"]},
            variables["AWS_DEFAULT_REGION"])
        with contextlib.closing(Caller(port, signer, host)) as caller:
            answer = caller.call(operation, **members)
            return answer.status, answer.body

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
        return [(pid, words) for pid, words, *_ in HOUSE.ours()
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


class Stranger(http.server.BaseHTTPRequestHandler):
    """A server that is not ours."""

    def do_POST(self):
        self.send_response(400)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class DevApi(DevCase):
    def take(self, port):
        """A stranger serves that port of the loopback address."""
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port),
                                                     Stranger)
        except OSError as error:
            self.skipTest(f"port {port}: {error}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def leave():
            server.shutdown()
            thread.join()
            server.server_close()
        self.addCleanup(leave)
        return server.server_port

    def test_what_is_exported_works_at_once(self):
        self.start("--quiet", "--listen", f"127.0.0.1:{HOUSE.port()}")
        variables = self.exported()
        self.assertEqual(set(variables), {
            "USHER_CONFIG", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
            "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
            "AWS_DEFAULT_REGION", "AWS_REGION"})
        self.assertEqual(variables["USHER_CONFIG"], self.config)
        self.assertEqual(variables["AWS_REGION"],
                         variables["AWS_DEFAULT_REGION"])
        status, answer = self.call("CreateUserPool", PoolName="demo")
        self.assertEqual(status, 200, answer)
        pool = answer["UserPool"]["Id"]
        status, answer = self.call("AdminCreateUser", UserPoolId=pool,
                                   Username="alice", UserAttributes=[
                                       {"Name": "email",
                                        "Value": "alice@example.com"}],
                                   DesiredDeliveryMediums=["EMAIL"])
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.run_usher("inbox", "--count", "1")[0]["to"],
                         "alice@example.com")
        wrong = {**variables, "AWS_SECRET_ACCESS_KEY": "x" * 40}
        status, answer = self.call("ListUserPools", wrong, MaxResults=5)
        self.assertEqual((status, answer["__type"]),
                         (400, "InvalidSignatureException"))
        self.assertEqual(self.stop(), 0)

    def test_same_key_at_each_start(self):
        port = HOUSE.port()
        self.start("--quiet", "--listen", f"127.0.0.1:{port}")
        first = self.exported()
        self.stop(signal.SIGKILL)
        self.start("--quiet", "--listen", f"127.0.0.1:{port}")
        self.assertEqual(self.exported(), first)
        self.assertEqual(self.call("ListUserPools", MaxResults=5)[0], 200)
        self.run_usher("access-key", "disable", first["AWS_ACCESS_KEY_ID"])
        self.assertEqual(self.stop(), 0)
        self.start("--quiet", "--listen", f"127.0.0.1:{port}")
        second = self.exported()
        self.assertNotEqual(second["AWS_ACCESS_KEY_ID"],
                            first["AWS_ACCESS_KEY_ID"])
        self.assertEqual(self.call("ListUserPools", MaxResults=5)[0], 200)
        self.assertEqual(self.stop(), 0)

    def test_key_that_may_do_nothing_is_no_obstacle(self):
        self.start("--quiet")
        key = self.exported()["AWS_ACCESS_KEY_ID"]
        self.run_usher("access-key", "policy", "delete", key, "--name",
                       "policy")
        self.assertEqual(self.stop(), 0)
        self.start("--quiet")
        status, answer = self.call("ListUserPools", MaxResults=5)
        self.assertEqual((status, answer["__type"]),
                         (400, "AccessDeniedException"))
        self.assertEqual(self.stop(), 0)

    def test_json(self):
        self.begin("--json", "--quiet", "--listen", "[::1]:0")
        wait_until(lambda: self.printed().endswith("\n"), 40, "it is ready")
        told = json.loads(self.printed())
        self.assertEqual(told["config"], self.config)
        variables = told["environment"]
        HOUSE.note_secret(variables["AWS_SECRET_ACCESS_KEY"], "a secret")
        self.assertRegex(told["endpoint"], r"^http://\[::1\]:[1-9][0-9]*$")
        self.assertEqual(
            variables["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"],
            told["endpoint"])
        self.assertEqual(
            self.call("ListUserPools", variables, MaxResults=5),
            (200, {"UserPools": []}))
        self.assertEqual(self.stop(), 0)

    def test_usual_port(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 9229))
            except OSError:
                probe = None
        if probe:  # another may still be quicker
            self.start("--quiet")
            if "is taken" not in self.printed():
                self.assertEqual(
                    self.exported()[
                        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"],
                    "http://127.0.0.1:9229")
            self.assertEqual(self.stop(), 0)
            self.take(9229)
        self.start("--quiet")
        self.assertIn("\n127.0.0.1:9229 is taken, so the API is at "
                      "127.0.0.1:", self.printed())
        self.assertEqual(self.call("ListUserPools", MaxResults=5)[0], 200)
        self.assertEqual(self.stop(), 0)

    def fails(self, status, words, *options):
        done = subprocess.run(
            self.command("dev", "--dir", self.home, *options),
            capture_output=True, check=False, cwd=self.folder, text=True,
            timeout=60 * SLOW)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertFalse(os.path.exists(self.home))

    def test_where_nobody_can_listen(self):
        for address in ("", "x", "127.0.0.1", ":9229", "127.0.0.1:",
                        "127.0.0.1:x", "localhost:9229", "::1:9229",
                        "[::1]", "[127.0.0.1:9229", "127.0.0.1:65536"):
            self.fails(2, f"'{address}' is not an address and a port",
                       "--listen", address)
        port = self.take(0)
        self.fails(5, f"nobody can listen at 127.0.0.1:{port}: Address "
                      "already in use", "--listen", f"127.0.0.1:{port}")

    def take_when_chosen(self, port):
        """Right behind the look at the port, before usherd is started."""
        wait_until(lambda: os.path.exists(self.config), 40,
                   "the settings are written")
        self.take(port)

    def test_somebody_is_quicker_than_usherd(self):
        port = HOUSE.port()
        self.begin("--quiet", "--listen", f"127.0.0.1:{port}")
        self.take_when_chosen(port)
        wait_until(lambda: self.process.poll() is not None, 40, "it ends")
        self.assertEqual(HOUSE.end(self.process), 5)
        self.assertIn(f"another server answers at 127.0.0.1:{port}",
                      self.printed())
        self.assertNotIn("ready", self.printed())
        wait_until(lambda: not self.beings(), 15, "everything ends")

    def test_somebody_is_quicker_at_the_usual_port(self):
        self.begin("--quiet")
        self.take_when_chosen(9229)
        wait_until(lambda: "\nready\n" in self.printed(), 40, "it is ready")
        self.assertIn("127.0.0.1:9229 is taken, so", self.printed())
        self.assertEqual(self.call("ListUserPools", MaxResults=5)[0], 200)
        self.assertEqual(self.stop(), 0)


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
