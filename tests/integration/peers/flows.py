#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of an invitation when things happen before it is sent.

covers: delivery/keeper.c
covers: delivery/queue.c
"""
import os
import signal
import sys
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
import relay  # noqa: E402
from house import children_of, program_of, wait_until  # noqa: E402

WHY_NOT = relay.missing()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class FlowCase(house.Case):
    relay = None

    @classmethod
    def setUpClass(cls):
        if not FlowCase.relay:
            FlowCase.relay = relay.Relay()
        super().setUpClass()
        password = cls.usher.file("password", relay.PASSWORD + "\n")
        cls.usher.write(**cls.relay.settings(password), retry_first=1,
                        lease_seconds=10, smtp_session_timeout=5)
        cls.pool = cls.usher.pool()

    def setUp(self):
        self.relay.clear()

    def invite_many(self, count, name):
        return [self.usher.invite_mail(self.pool, f"{name}{i}")
                for i in range(count)]

    def lanes(self):
        """Ids of the mail lanes of all daemons that run."""
        return [pid for daemon in self.usher.daemons
                for pid in children_of(daemon.pid)
                if program_of(pid) == "usher-mail"]

    def ids_arrived(self):
        mails = self.relay.mails()
        for mail in mails:
            relay.password_of(mail)
        return [mail["Message-ID"] for mail in mails]

    def all_sent(self, count, seconds=30):
        wait_until(lambda: self.usher.states().get("sent", 0) >= count,
                   seconds, f"{count} sent")


class Flows(FlowCase):
    def sent_marker(self):
        """Once this one is through, whatever could go before it went."""
        name = self.id().rsplit(".", 1)[1].replace("_", "")
        self.usher.reaches(self.usher.invite_mail(self.pool, name), "sent")
        self.relay.wait_mails(f"{name}@example.com")

    def test_resend_cancels_what_waits(self):
        self.relay.stop()
        try:
            self.usher.start()
            first = self.usher.invite_mail(self.pool, "again")
            self.usher.reaches(first, "retry")
            second = self.usher.json(
                "resend", "--pool", self.pool, "--username",
                "again")["Messages"][0]["id"]
            message = self.usher.reaches(first, "cancelled")
            self.assertIn("superseded", message["reason"])
            self.assertFalse(message["has_secret"])
        finally:
            self.relay.start()
        self.usher.reaches(second, "sent")
        self.sent_marker()
        mails = self.relay.mails("again@example.com")
        self.assertEqual(len(mails), 1)
        relay.password_of(mails[0])

    def test_resend_after_the_first_arrived(self):
        self.usher.start()
        first = self.usher.invite_mail(self.pool, "twice")
        self.usher.reaches(first, "sent")
        self.usher.good("resend", "--pool", self.pool, "--username", "twice")
        mails = self.relay.wait_mails("twice@example.com", 2)
        self.assertNotEqual(mails[0]["Message-ID"], mails[1]["Message-ID"])
        self.assertNotEqual(*map(relay.password_of, mails))

    def test_given_password(self):
        password = "Given-Secret-77!"
        house.HOUSE.note_secret(password, "a given temporary password")
        self.usher.start()
        self.usher.json("invite", "--pool", self.pool, "--username", "given",
                        "--attribute", "email=given@example.com",
                        "--temporary-password-file", "-",
                        stdin=password.encode() + b"\n")
        mail = self.relay.wait_mails("given@example.com")[0]
        self.assertEqual(relay.password_of(mail), password)

    def test_suppress_queues_nothing(self):
        before = self.usher.states()
        numbers = self.usher.invite(self.pool, "quiet", "--suppress",
                                    email="quiet@example.com")
        self.assertEqual(numbers, [])
        self.assertEqual(self.usher.states(), before)
        user = self.usher.json("user", "show", "quiet", "--pool", self.pool)
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        self.assertEqual(user["Messages"], [])

    def expire(self, number, *tables):
        for table in tables:
            self.usher.sql(f"update {table} set expires_at = now() - "
                           f"interval '1 second' where id = {number}")

    def test_expired_is_never_sent(self):
        number = self.usher.invite_mail(self.pool, "late")
        self.expire(number, "message", "ready")
        self.usher.sql("update account set password_expires_at = now() - "
                       "interval '1 second' where username = 'late'")
        self.usher.start()
        message = self.usher.reaches(number, "cancelled")
        self.assertIn("expired", message["reason"])
        self.assertFalse(message["has_secret"])
        self.sent_marker()
        self.assertEqual(self.relay.mails("late@example.com"), [])
        self.assertEqual(
            self.usher.run("queue", "retry", str(number)).status, 5)

    def test_expired_without_a_keeper(self):
        number = self.usher.invite_mail(self.pool, "later")
        self.expire(number, "message")
        self.usher.start("--role", "mail")
        self.usher.reaches(number, "cancelled")
        self.sent_marker()
        self.assertEqual(self.relay.mails("later@example.com"), [])

    def test_user_deleted_before_it_goes(self):
        number = self.usher.invite_mail(self.pool, "gone")
        self.usher.good("user", "delete", "gone", "--pool", self.pool)
        message = self.usher.message(number)
        self.assertEqual(message["state"], "cancelled")
        self.assertEqual(message["destination"], "")
        self.assertFalse(message["has_secret"])
        self.usher.start()
        self.sent_marker()
        self.assertEqual(self.relay.mails("gone@example.com"), [])

    def test_pool_deleted_before_it_goes(self):
        pool = self.usher.pool("short-lived")
        number = self.usher.invite_mail(pool, "homeless")
        self.usher.good("pool", "delete", pool)
        self.assertEqual(self.usher.message(number)["state"], "cancelled")
        self.usher.start()
        self.sent_marker()
        self.assertEqual(self.relay.mails("homeless@example.com"), [])

    def test_cancelled_by_the_operator(self):
        number = self.usher.invite_mail(self.pool, "stopped")
        self.usher.good("queue", "cancel", str(number), "--reason", "mistake")
        self.assertEqual(self.usher.message(number)["reason"], "mistake")
        self.usher.start()
        self.sent_marker()
        self.assertEqual(self.relay.mails("stopped@example.com"), [])

    def test_old_keys_open_what_they_sealed(self):
        number = self.usher.invite_mail(self.pool, "sealed")
        self.usher.good("keyring", "rotate")
        newer = self.usher.invite_mail(self.pool, "newer")
        keys = self.usher.json("keyring", "check")
        self.assertEqual(sorted(key["uses"] > 0 for key in keys),
                         [True, True])
        self.usher.start()
        self.usher.reaches(number, "sent")
        self.usher.reaches(newer, "sent")
        for name in ("sealed", "newer"):
            relay.password_of(self.relay.wait_mails(f"{name}@example.com")[0])


class Killed(FlowCase):
    def test_supervisor_killed_before_delivery(self):
        self.relay.stop()
        try:
            daemon = self.usher.start()
            self.invite_many(20, "orphan")
            self.usher.wait_logged("the lane pauses")
            lanes = self.lanes()
            self.assertEqual(len(lanes), 2)
            self.usher.stop(daemon, signal.SIGKILL)
            wait_until(lambda: not any(map(program_of, lanes)), 15,
                       "the lanes end with their supervisor")
        finally:
            self.relay.start()
        self.usher.start()
        self.all_sent(20)
        wait_until(lambda: self.relay.arrived() >= 20, 20, "20 mails")
        ids = self.ids_arrived()
        self.assertEqual((len(ids), len(set(ids))), (20, 20))

    def test_lane_killed_before_delivery(self):
        before = self.usher.states().get("sent", 0)
        self.relay.stop()
        try:
            self.usher.start()
            self.invite_many(20, "lost")
            self.usher.wait_logged("the lane pauses")
            for pid in self.lanes():
                os.kill(pid, signal.SIGKILL)
            self.usher.wait_logged("it is started again")
        finally:
            self.relay.start()
        self.all_sent(before + 20)
        wait_until(lambda: self.relay.arrived() >= 20, 20, "20 mails")
        ids = self.ids_arrived()
        self.assertEqual((len(ids), len(set(ids))), (20, 20))

    def test_lane_killed_while_it_sends(self):
        before = self.usher.states().get("sent", 0)
        self.invite_many(100, "midway")
        self.usher.start()
        wait_until(lambda: self.relay.arrived() > 5, 20, "the first mails")
        for pid in self.lanes():
            os.kill(pid, signal.SIGKILL)
        self.all_sent(before + 100, 40)
        wait_until(lambda: len(set(self.ids_arrived())) == 100, 20,
                   "every mail arrives")
        # At most 10 a lane are settled later than they were accepted.
        self.assertLessEqual(len(self.ids_arrived()), 120)

    def test_two_daemons_send_each_once(self):
        before = self.usher.states().get("sent", 0)
        self.usher.start()
        self.usher.start()
        self.invite_many(200, "both")
        self.all_sent(before + 200)
        wait_until(lambda: self.relay.arrived() >= 200, 20, "200 mails")
        ids = self.ids_arrived()
        self.assertEqual((len(ids), len(set(ids))), (200, 200))


def tearDownModule():
    if FlowCase.relay:
        FlowCase.relay.stop()


if __name__ == "__main__":
    house.main()
