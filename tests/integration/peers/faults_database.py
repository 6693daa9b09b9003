#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The database under the lanes fails: the outcome that each such fault of the
catalogue must have; a test carries the fault's number. 56 is in
test_faults.c, 59 in flows.py, 73 in test_queue_chores.c.

covers: delivery/keeper.c
covers: delivery/lane.c
covers: delivery/settle.c
"""
import os
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

sys.dont_write_bytecode = True

import house  # noqa: E402
import postgres  # noqa: E402
from host import LEASE, Hold, HostCase  # noqa: E402
from house import HOUSE, wait_until  # noqa: E402
from smtp_peer import Peer  # noqa: E402

LEASED = "select coalesce(sum(cardinality(ids)), 0) from usher.lease"


class Restart(HostCase):
    def test_53_restart_while_claiming(self):
        self.peer = Peer()
        self.usher.write(smtp_port=self.peer.port, mail_lanes=2)
        ids = self.invite_many(5)
        lock = self.hold_claims()
        self.usher.start()
        self.blocked("with turns as")
        self.server.crash()
        HOUSE.end(lock)
        self.usher.wait_logged("cannot claim; trying again")
        self.server.start()
        self.each_once(ids)

    def test_53_restarts_in_full_flow(self):
        def slowly(count, line):
            time.sleep(0.02)
            return "250 2.0.0 taken"
        # Longer than three restarts may take.
        ids = self.begin(40, {"mail_lanes": 2, "lease_seconds": 120},
                         dot=slowly)
        for part in (5, 15, 25):
            wait_until(lambda: len(self.peer.mails) >= part, 20,
                       f"{part} mails")
            self.server.restart()
        self.each_once(ids)
        self.assertEqual(self.usher.daemons[-1].poll(), None)

    def test_54_restart_between_acceptance_and_settle(self):
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(3, dot=hold)
        hold.wait()
        self.server.crash()
        hold.let_go()
        self.usher.wait_logged("cannot settle; trying again")
        self.server.start()
        self.each_once(ids)
        for number in ids:
            self.assertEqual(self.classes(number), ["ACCEPTED"])

    def test_54_and_the_lane_dies_too(self):
        hold = Hold("250 2.0.0 taken")
        number, = self.begin(dot=hold)
        hold.wait()
        self.server.crash()
        hold.let_go()
        self.usher.wait_logged("cannot settle; trying again")
        lane = self.lane()
        os.kill(lane, signal.SIGKILL)
        self.server.start()
        # The next lane at its place knows what it was told.
        self.usher.reaches(number, "sent")
        self.usher.wait_logged("a lost lane's outcomes are settled")
        self.assertEqual(self.classes(number), ["ACCEPTED"])
        self.assertEqual(len(self.peer.mails), 1)


class FailOver(HostCase):
    """A standby takes over; both hosts stand in the connection string."""

    def setUp(self):
        self.server = postgres.Server().make("--wal-segsize=1").start()
        self.second = self.server.standby()
        self.install(f"host={self.server.folder},{self.second.folder} "
                     "user=usher dbname=postgres "
                     "target_session_attrs=read-write")

    def tearDown(self):
        super().tearDown()
        self.second.remove()
        self.server.remove()

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def followed(self, question, answer="1"):
        """Behind may be even the schema."""
        place = self.server.sql("select pg_current_wal_lsn()")
        wait_until(lambda: self.second.sql(
            f"select pg_last_wal_replay_lsn() >= '{place}'") == "t", 15,
                   "the standby follows")
        wait_until(lambda: self.second.sql(question) == answer, 15,
                   f"the standby knows: {question}")

    def test_55_57_fail_over_before_the_settle(self):
        """Until the standby is promoted it is read-only: not to be used."""
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(3, dot=hold)
        hold.wait()
        self.followed(LEASED, "3")
        self.server.crash()
        hold.let_go()
        self.usher.wait_logged("cannot settle; trying again")
        wait_until(lambda: self.usher.logged().count("cannot settle") > 2, 15,
                   "it looks for a server that takes writes")
        self.second.promote()
        self.each_once(ids)
        for number in ids:
            self.assertEqual(self.classes(number), ["ACCEPTED"])
        self.each_once(ids + self.invite_many(2))

    def test_57_the_server_turns_read_only(self):
        """It lives and keeps the connections, but takes no more writes."""
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(3, dot=hold)
        hold.wait()
        self.followed(LEASED, "3")
        self.server.sql("alter system set default_transaction_read_only = on")
        self.server.sql("select pg_reload_conf()")
        wait_until(lambda: self.server.sql(
            "show default_transaction_read_only") == "on", 15, "read-only")
        self.second.promote()
        hold.let_go()
        self.each_once(ids)
        for number in ids:
            self.assertEqual(self.classes(number), ["ACCEPTED"])
        self.each_once(ids + self.invite_many(2))
        self.assertEqual(self.server.sql(LEASED), "3")

    def test_55_the_settle_is_lost(self):
        """What was not copied is forgotten by the database, not the lane."""
        hold = Hold("250 2.0.0 taken")
        number, = self.begin(dot=hold)
        hold.wait()
        self.followed(LEASED, "1")
        self.second.crash()
        hold.let_go()
        self.usher.reaches(number, "sent")
        self.server.crash()
        self.second.start()
        self.second.promote()
        self.usher.reaches(number, "sent", 3 * LEASE)
        self.usher.wait_logged("the database had lost what was settled")
        self.assertEqual(self.classes(number), ["ACCEPTED"])
        self.assertEqual(len(self.peer.mails), 1)


@unittest.skipUnless(house.is_root(), "only root can mount a small tmpfs")
class DiskFull(HostCase):
    """The data's disk is full, the log's (WAL) is not."""

    @classmethod
    def setUpClass(cls):
        cls.disk = HOUSE.make_folder("disk")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m,mode=755",
                        "usher-test", cls.disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.disk],
                            check=True)
        cls.server = postgres.Server(os.path.join(cls.disk, "data"))
        cls.server.own(cls.disk)
        cls.server.make("--waldir", os.path.join(cls.server.folder, "wal"))
        cls.server.start()
        cls.install(cls.server.database())

    def setUp(self):
        # So that the next row needs a page, and a page needs the disk.
        for table in ("attempt", "lease", "later", "outcome"):
            self.usher.sql(f"truncate usher.{table}")
        self.usher.sql("checkpoint")

    def tearDown(self):
        self.free()
        super().tearDown()

    def fill(self):
        with open(os.path.join(self.disk, "ballast"), "wb") as file:
            try:
                while True:
                    file.write(bytes(65536))
                    file.flush()
            except OSError:
                pass

    def free(self):
        try:
            os.remove(os.path.join(self.disk, "ballast"))
        except FileNotFoundError:
            pass

    def test_69_no_claim(self):
        self.peer = Peer()
        self.usher.write(smtp_port=self.peer.port)
        ids = self.invite_many(3)
        self.fill()
        self.usher.start()
        self.usher.wait_logged("cannot claim; trying again")
        self.usher.wait_logged("No space left on device")
        self.assertEqual(self.peer.mails, [])
        self.free()
        self.each_once(ids)

    def test_69_no_settle(self):
        """The lane stops at what it could not settle and begins no other."""
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(300, dot=hold)
        hold.wait()
        self.fill()
        hold.let_go()
        self.usher.wait_logged("cannot settle; trying again")
        self.usher.wait_logged("cannot do the chores")
        sent = len(self.peer.mails)
        # A hundred that could not be settled, and what came meanwhile.
        self.assertLessEqual(sent, 200)
        wait_until(lambda: self.usher.sql(
            "select max(lease_until) < now() - interval '2 seconds' from "
            "usher.lease") == "t", 2 * LEASE, "the leases end")
        self.assertEqual(len(self.peer.mails), sent)
        self.free()
        self.all_sent(ids)
        mails = self.mails()
        self.assertEqual(len(set(mails)), 300)
        self.assertLessEqual(len(mails), 300 + sent)


class Polling(HostCase):
    def test_72_no_notification(self):
        """What comes into the queue unannounced is found all the same."""
        number, = self.begin(settings={"poll_ms": 1000})
        self.usher.reaches(number, "sent")
        self.usher.stop()
        late, = self.invite_many(1)
        self.usher.sql("create table usher.aside as table usher.ready; "
                       "delete from usher.ready")
        self.usher.start()
        number, = self.invite_many(1)
        self.usher.reaches(number, "sent")
        self.usher.sql("insert into usher.ready table usher.aside; "
                       "drop table usher.aside")
        self.usher.reaches(late, "sent")


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Server().make().start()
        cls.port = HOUSE.port()
        cls.usher = house.Usher(
            HOUSE, database=cls.server.database() + " connect_timeout=2",
            listen=f"127.0.0.1:{cls.port}").init()

    @classmethod
    def tearDownClass(cls):
        cls.usher.stop_all()
        cls.server.remove()

    def status(self, path):
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            return urllib.request.urlopen(url, timeout=30).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def test_hangs(self):
        """It takes connections and does not answer: not every request waits
        for that."""
        self.usher.start("--role", "http")
        wait_until(lambda: self.status("/readyz") == 200, 15, "it is ready")
        os.kill(self.server.process.pid, signal.SIGSTOP)
        try:
            self.server_forgets()
            for _ in range(4):
                self.assertEqual(self.status("/readyz"), 503)
        finally:
            os.kill(self.server.process.pid, signal.SIGCONT)
        # Who found the connection dead, and who tried a new one.
        self.assertIn(self.usher.logged().count("cannot answer"), (1, 2))
        wait_until(lambda: self.status("/readyz") == 200, 40,
                   "it is ready again")

    def server_forgets(self):
        """The server ends its connections."""
        for pid in house.children_of(self.server.process.pid):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"usher postgres" in file.read():
                    os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    house.main()
