#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The host under the lanes fails, or ends them: the outcome that each such
fault of the catalogue must have; a test carries the fault's number. 66 and 67
are in flows.py and test_queue_chores.c.

covers: delivery/keeper.c
covers: delivery/lane.c
"""
import email
import email.utils
import glob
import os
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
from host import LEASE, Hold, HostCase  # noqa: E402
from house import HOUSE, children_of, program_of, wait_until  # noqa: E402
from smtp_peer import Peer  # noqa: E402


class Lease(HostCase):
    def outlive(self, lane, ids):
        """The lane, which is stopped, goes on when its lease has run out and
        another has sent what it had."""
        try:
            self.usher.wait_logged("leases ran out", 3 * LEASE)
            self.usher.start("--role", "mail")
            self.all_sent(ids)
            self.assertEqual(self.usher.stop(), 0)
        finally:
            os.kill(lane, signal.SIGCONT)

    def stop_in(self, verb, text):
        """Stops the lane at this command of its session and answers the ids
        of its messages, when it has outlived its lease."""
        hold = Hold(text)
        ids = self.begin(3, **{verb: hold})
        hold.wait()
        lane = self.lane()
        os.kill(lane, signal.SIGSTOP)
        hold.let_go()
        self.outlive(lane, ids)
        return ids

    def test_58_stopped_beyond_the_lease_behind_the_dot(self):
        ids = self.stop_in("dot", "250 2.0.0 taken")
        self.usher.mark = 0
        self.usher.wait_logged("a lease had run out before its outcome was "
                               "settled; the message may go twice")
        self.all_sent(self.invite_many(1))
        self.assertEqual(self.classes(ids[0]), ["LOST", "ACCEPTED"])
        mails = self.mails()
        self.assertEqual(len(mails), 5)
        self.assertEqual(len(set(mails)), 4)

    def test_58_stopped_beyond_the_lease_before_the_body(self):
        """Then what the other lane sent is not sent again."""
        ids = self.stop_in("RCPT", "250 2.1.5 ok")
        self.each_once(ids + self.invite_many(1))

    def test_58_stopped_beyond_the_lease_in_the_claim(self):
        self.peer = Peer()
        self.usher.write(smtp_port=self.peer.port, mail_lanes=1)
        ids = self.invite_many(3)
        lock = self.hold_claims()
        self.usher.start()
        lane = self.lane()
        self.blocked("with turns as")
        os.kill(lane, signal.SIGSTOP)
        self.usher.sql("select pg_terminate_backend(pid) from "
                       "pg_stat_activity where query like '%pg_sleep%' "
                       "and pid <> pg_backend_pid()")
        HOUSE.end(lock)
        self.outlive(lane, ids)
        self.each_once(ids + self.invite_many(1))

    def test_60_killed_between_dot_and_settle(self):
        killed = []

        def answer(count, line):
            if not killed:
                killed.append(self.lane())
                os.kill(killed[0], signal.SIGKILL)
            return "250 2.0.0 taken"
        ids = self.begin(4, dot=answer)
        self.usher.wait_logged("signal=9")
        self.leases_end(killed[0])
        self.all_sent(ids)
        self.assertEqual(self.classes(ids[0]), ["LOST", "ACCEPTED"])
        mails = self.mails()
        self.assertEqual(len(mails), 5)
        self.assertEqual(len(set(mails)), 4)
        self.assertNotEqual(self.lane(), killed[0])

    def test_63_poison(self):
        """A message that ends each lane is set aside; none goes with it."""
        victim = f"user{self.turn + 3}@example.com"
        killed = []

        def answer(count, line):
            if victim in line:
                killed.append(self.lane())
                os.kill(killed[-1], signal.SIGABRT)
            return "250 2.1.5 ok"
        ids = self.begin(5, RCPT=answer)
        for count in (1, 2):
            wait_until(lambda: len(killed) == count, 30, f"lane {count} ends")
            self.leases_end(killed[-1])
        message = self.usher.reaches(ids[2], "refused")
        self.assertIn("poison", message["reason"])
        self.assertEqual(self.classes(ids[2]), ["LOST", "LOST"])
        self.all_sent(ids[:2] + ids[3:])
        self.assertEqual(len(killed), 2)
        self.assertNotIn(victim, [mail[0] for mail in self.mails()])
        # An operator may know better.
        self.assertTrue(message["has_secret"])
        victim = "nobody"
        self.usher.good("queue", "retry", str(ids[2]))
        self.usher.reaches(ids[2], "sent")


class Signals(HostCase):
    def test_61_supervisor_killed_in_a_session(self):
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(3, dot=hold)
        hold.wait()
        daemon = self.usher.daemons[-1]
        children = children_of(daemon.pid)
        self.usher.stop(daemon, signal.SIGKILL)
        hold.let_go()
        wait_until(lambda: not any(map(program_of, children)), 15,
                   "the children end with their supervisor")
        self.assertEqual(self.usher.message(ids[0])["state"], "sent")
        self.usher.start()
        self.each_once(ids)

    def test_62_ended_in_a_session(self):
        hold = Hold("250 2.0.0 taken")
        ids = self.begin(5, dot=hold)
        hold.wait()
        daemon = self.usher.daemons[-1]
        daemon.send_signal(signal.SIGTERM)
        # The lane hears of it before the others.
        wait_until(lambda: children_of(daemon.pid) == self.lanes(), 10,
                   "all others end")
        hold.let_go()
        self.assertEqual(self.usher.stop(), 0)
        self.assertEqual(len(self.peer.mails), 1)
        self.assertEqual(self.usher.message(ids[0])["state"], "sent")
        for number in ids[1:]:
            message = self.usher.message(number)
            self.assertEqual((message["state"], message["attempts"]),
                             ("retry", 0))
        self.usher.start()
        self.each_once(ids)

    def test_62_ended_though_the_relay_is_silent(self):
        hold = Hold("250 2.0.0 taken")
        number, = self.begin(settings={"smtp_reply_timeout": 60},
                             dot=hold)
        hold.wait()
        lane = self.lane()
        self.assertEqual(self.usher.stop(), 0)
        self.assertNotEqual(self.usher.message(number)["state"], "sent")
        self.usher.start()
        self.leases_end(lane)
        self.usher.reaches(number, "sent")
        self.assertEqual(len(set(self.mails())), 1)

    def test_76_relay_closes_while_we_write(self):
        def hang_up(count, line):
            if count <= 3:
                raise OSError
            return "354 go on"
        ids = self.begin(3, DATA=hang_up)
        lane = self.lane()
        self.all_sent(ids)
        self.assertEqual(self.lane(), lane)

    def goes_without_a_log(self, daemon):
        self.addCleanup(daemon.kill)
        self.all_sent(self.invite_many(2))
        self.assertIsNone(daemon.poll())
        daemon.terminate()
        self.assertEqual(daemon.wait(15), 0)

    def start_with(self, stderr):
        self.peer = Peer()
        self.usher.write(smtp_port=self.peer.port)
        return subprocess.Popen(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config], stderr=stderr)

    def test_76_nobody_reads_the_log(self):
        daemon = self.start_with(subprocess.PIPE)
        daemon.stderr.readline()
        daemon.stderr.close()
        self.goes_without_a_log(daemon)

    def test_70_the_log_s_disk_is_full(self):
        with open("/dev/full", "wb") as full:
            self.goes_without_a_log(self.start_with(full))


FAKETIME = "".join(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[:1])


@unittest.skipUnless(FAKETIME, "libfaketime is not installed")
class Clock(HostCase):
    """usherd's wall clock jumps; the database's does not."""

    def jump(self, offset):
        with open(self.clock, "w", encoding="ascii") as file:
            file.write(offset)

    def begin_faked(self, **answers):
        self.clock = os.path.join(self.usher.folder, "clock")
        self.jump("+0d")
        faked = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.clock,
                 "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                 "FAKETIME_DONT_RESET": "1"}
        os.environ.update(faked)
        try:
            return self.begin(**answers)
        finally:
            for name in faked:
                del os.environ[name]

    def clock_jumps(self, offset):
        hold = Hold("451 4.3.0 not now")
        ids = self.begin_faked(count=3, dot=hold)
        hold.wait()
        self.jump(offset)
        self.peer.answers["dot"] = "250 2.0.0 taken"
        hold.let_go()
        self.all_sent(ids)
        self.assertEqual(self.classes(ids[0]), ["RETRY", "ACCEPTED"])
        self.all_sent(self.invite_many(2))
        for text in self.peer.mails:
            date = email.utils.parsedate_to_datetime(
                email.message_from_bytes(text)["Date"])
            self.assertLess(abs(time.time() - date.timestamp()), 600)
        self.assertEqual(self.usher.stop(), 0)

    def test_68_a_day_ahead(self):
        self.clock_jumps("+1d")

    def test_68_a_day_back(self):
        self.clock_jumps("-1d")


if __name__ == "__main__":
    house.main()
