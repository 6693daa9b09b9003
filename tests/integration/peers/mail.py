#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through libesmtp into a real Postfix with STARTTLS and AUTH.

covers: delivery/mail.c
covers: delivery/smtp.c
covers: delivery/smtp_socket.c
covers: delivery/smtp_tls.c
covers: delivery/lane.c
covers: delivery/attempt_log.c
"""
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
import relay  # noqa: E402
from house import HOUSE, SLOW, wait_until  # noqa: E402

WHY_NOT = relay.missing()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class MailCase(house.Case):
    relay = None

    @classmethod
    def setUpClass(cls):
        if not MailCase.relay:
            MailCase.relay = relay.Relay()
        super().setUpClass()
        cls.password_file = cls.usher.file("password", relay.PASSWORD + "\n")
        cls.use_relay()
        cls.pool = cls.usher.pool()

    @classmethod
    def use_relay(cls, **settings):
        cls.usher.write(**{**cls.relay.settings(cls.password_file),
                           "mail_lanes": 2, **settings})

    def setUp(self):
        self.relay.clear()
        self.use_relay()

    def invite_many(self, count, name="many", domain="example.com"):
        return [self.usher.invite(self.pool, f"{name}{i}",
                                  email=f"{name}{i}@{domain}")[0]
                for i in range(count)]

    def arrive_once(self, count, seconds=30):
        """All arrived, each once; answers the mails."""
        wait_until(lambda: self.relay.arrived() >= count, seconds,
                   f"{count} mails")
        mails = self.relay.mails()
        ids = [mail["Message-ID"] for mail in mails]
        self.assertEqual(len(ids), count)
        self.assertEqual(len(set(ids)), count)
        for mail in mails:
            relay.password_of(mail)
        return mails


class Invitation(MailCase):
    def test_arrives_whole(self):
        name = "Zoë & <Ali> Ünal"
        name = name.replace(" ", "_")
        number = self.usher.invite(self.pool, name,
                                   email="zoe@example.com")[0]
        self.usher.start()
        mail = self.relay.wait_mails("zoe@example.com")[0]
        self.assertRegex(mail["Message-ID"], r"^<[0-9]+-[0-9a-f]{20}@usher\.test>$")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertEqual(mail["Subject"],
                         f"Your invitation: sign in as {name}")
        self.assertEqual(mail["From"].addresses[0].display_name, "Usher")
        self.assertEqual(mail["To"], "zoe@example.com")
        self.assertEqual(mail["Return-Path"], "<no-reply@usher.test>")
        self.assertEqual(mail.get_content_type(), "multipart/alternative")
        self.assertIn("ESMTPSA", mail["Received"])
        self.assertIn(f"    {name}\n", relay.part(mail, "plain"))
        self.assertIn("<code>Zoë_&amp;_&lt;Ali&gt;_Ünal</code>",
                      relay.part(mail, "html"))
        self.assertGreaterEqual(len(relay.password_of(mail)), 16)
        for line in mail.as_bytes().splitlines():
            self.assertLessEqual(len(line), 998)
        message = self.usher.reaches(number, "sent")
        queue_id = mail["Received"].split(" id ")[1].split()[0]
        self.assertTrue(message["remote_id"].endswith(
            f"queued as {queue_id}"), message["remote_id"])
        self.assertFalse(message["has_secret"])
        attempt = message["history"][0]
        self.assertEqual((attempt["class"], attempt["code"]),
                         ("ACCEPTED", 250))
        self.assertIn("z***@example.com", self.usher.logged())
        self.assertNotIn("zoe@example.com", self.usher.logged())
        self.assertEqual(self.usher.stop(), 0)

    def test_idn_and_long_subject(self):
        pool = self.usher.pool("idn", AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "EmailSubject": "Willkommen — " + "ä😀" * 40 + " {username}",
                "EmailMessage": "<p>{username}</p>\n.\n<p>{####}</p>"}})
        number = self.usher.invite(pool, "ida", email="ida@bücher.example")[0]
        self.usher.start()
        self.usher.reaches(number, "sent")
        mail = self.relay.wait_mails("ida@xn--bcher-kva.example")[0]
        self.assertEqual(mail["Subject"],
                         "Willkommen — " + "ä😀" * 40 + " ida")
        self.assertIn("</p>\n.\n<p>", relay.part(mail, "html"))

    def test_4_kib_mails_in_one_go(self):
        filler = "".join(f"<p>line {i} of a long text</p>\n"
                         for i in range(120))
        pool = self.usher.pool("long", AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "EmailSubject": "Long",
                "EmailMessage": "<p><code>{username}</code> password is "
                                "<code>{####}</code> Sign in</p>" + filler}})
        numbers = [self.usher.invite(pool, f"long{i}",
                                     email=f"long{i}@example.com")[0]
                   for i in range(60)]
        begun = time.monotonic()
        self.usher.start()
        for mail in self.arrive_once(60):
            self.assertGreater(len(mail.as_bytes()), 4096)
        # libesmtp without TCP_NODELAY and friends: 23 a second.
        self.assertLess(time.monotonic() - begun, 10 * SLOW)
        for number in (numbers[0], numbers[-1]):
            self.usher.reaches(number, "sent")

    def test_11_200_tls_sessions_without_a_stall(self):
        count = 200
        self.use_relay(mail_lanes=1, smtp_reply_timeout=5)
        self.usher.start()
        before = self.relay.logged().count("starttls=1")
        first = self.usher.invite_mail(self.pool, "one0")
        for i in range(1, count + 1):
            wait_until(lambda sent=i: self.relay.arrived() == sent, 20,
                       "the next mail")
            if i < count:
                self.usher.invite_mail(self.pool, f"one{i}")
        wait_until(lambda: self.relay.logged().count("starttls=1") >=
                   before + count, 20, "as many sessions as mails")
        self.assertEqual(self.usher.sql(
            "select string_agg(distinct class, ' '), "
            "percentile_disc(0.99) within group (order by took_ms) < "
            f"{1000 * SLOW} from message_attempt where message_id >= {first}"),
            "ACCEPTED|t")
        self.arrive_once(count)

    def test_drain_ends_by_itself(self):
        numbers = self.invite_many(3, "drain")
        daemon = self.usher.start("--drain")
        wait_until(lambda: daemon.poll() is not None, 20, "usherd ends")
        self.assertEqual(self.usher.stop(), 0)
        for number in numbers:
            self.assertEqual(self.usher.message(number)["state"], "sent")
        self.arrive_once(3)


class Recipients(MailCase):
    def test_one_refused_among_many(self):
        before = self.invite_many(8, "before")
        refused = self.usher.invite(self.pool, "refused",
                                    email="refused@example.com")[0]
        after = self.invite_many(8, "after")
        self.usher.start()
        message = self.usher.reaches(refused, "refused")
        self.assertIn("no such user here", message["reason"])
        self.assertEqual(message["history"][0]["code"], 550)
        self.assertEqual(message["history"][0]["status"], "5.1.1")
        self.assertEqual(len(message["history"]), 1)
        for number in before + after:
            message = self.usher.reaches(number, "sent")
            self.assertEqual(len(message["history"]), 1)
        self.arrive_once(16)
        # The password stays, so that an operator can try again.
        self.assertTrue(self.usher.message(refused)["has_secret"])
        self.usher.good("queue", "retry", str(refused))
        wait_until(lambda: len(self.usher.message(refused)["history"]) == 2,
                   10, "the second attempt")

    def test_greylisting_waits_five_minutes(self):
        number = self.usher.invite(self.pool, "grey",
                                   email="grey@example.com")[0]
        neighbour = self.usher.invite_mail(self.pool, "beside")
        self.usher.start()
        message = self.usher.reaches(number, "retry")
        self.assertEqual(message["attempts"], 1)
        self.assertEqual(message["history"][0]["code"], 450)
        self.assertIn("greylisted", message["history"][0]["words"])
        waits = float(self.usher.sql(
            "select extract(epoch from due_at - a.attempted_at) from later l "
            f"join attempt a on a.message_id = l.id where l.id = {number}"))
        self.assertGreaterEqual(waits, 300)
        self.assertLess(waits, 600)
        self.usher.reaches(neighbour, "sent")


class Bounced(MailCase):
    def test_34_relay_bounces(self):
        self.use_relay(bounce_address="bounce@usher.test")
        number = self.usher.invite(self.pool, "mover",
                                   email="bounced@example.com")[0]
        other = self.usher.invite_mail(self.pool, "stayer")
        self.usher.start()
        self.usher.reaches(number, "sent")
        self.usher.reaches(other, "sent")
        wait_until(lambda: self.relay.arrived() == 2, 20, "mail and bounce")
        mail, = [mail for mail in self.relay.mails()
                 if mail["X-Original-To"] != "stayer@example.com"]
        words = self.usher.good("bounce", "--recipient", mail["X-Original-To"],
                                stdin=mail.as_bytes()).out
        self.assertEqual(words, f"message {number}: bounced, status 5.1.1\n")
        self.assertEqual(self.usher.message(number)["state"], "bounced")
        self.assertEqual(self.usher.message(other)["state"], "sent")
        self.use_relay(bounce_address="")


class Faults(MailCase):
    def untouched(self, number, *words):
        """The lane paused; the message waits and no attempt is spent."""
        for word in (*words, "the lane pauses"):
            self.usher.wait_logged(word, 20)
        message = self.usher.reaches(number, "retry")
        self.assertEqual(message["attempts"], 0)
        self.assertTrue(message["has_secret"])
        self.assertEqual(message["history"][0]["class"], "LANE_FAULT")
        self.assertEqual(self.relay.arrived(), 0)
        return message

    def goes_after_reload(self, number, username):
        self.usher.daemons[-1].send_signal(house.signal.SIGHUP)
        self.usher.reaches(number, "sent")
        self.assertEqual(len(self.relay.wait_mails(
            f"{username}@example.com")), 1)

    def test_wrong_password(self):
        wrong = "wrong-Secret-0815"
        HOUSE.note_login(relay.USER, wrong)
        path = self.usher.file("wrong", wrong + "\n")
        self.use_relay(smtp_password_file=path, mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "locked")
        daemon = self.usher.start()
        message = self.untouched(number, "535")
        self.assertIn("535", message["history"][0]["words"])
        self.usher.file("wrong", relay.PASSWORD + "\n")
        self.assertIsNone(daemon.poll())
        self.goes_after_reload(number, "locked")

    def test_missing_password_file(self):
        self.use_relay(smtp_password_file="/nonexistent/password",
                       mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "nofile")
        self.usher.start()
        self.usher.wait_logged("/nonexistent/password")
        self.assertEqual(self.usher.message(number)["state"], "queued")
        self.use_relay()
        self.goes_after_reload(number, "nofile")

    def test_certificate_for_another_name(self):
        self.use_relay(smtp_port=self.relay.other_port, mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "name")
        self.usher.start()
        self.untouched(number, "relay.test")
        self.assertRegex(self.usher.logged(), "certificate|host ?name")
        self.use_relay()
        self.goes_after_reload(number, "name")

    def test_unknown_authority(self):
        other = HOUSE.make_folder("authority")
        path = relay.Certificates(other).ca_file
        self.use_relay(smtp_ca_file=path, mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "authority")
        self.usher.start()
        self.untouched(number, "certificate")
        self.use_relay()
        self.goes_after_reload(number, "authority")

    def test_no_starttls(self):
        self.use_relay(smtp_port=self.relay.plain_port, mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "plain")
        self.usher.start()
        self.untouched(number, "STARTTLS")
        self.use_relay()
        self.goes_after_reload(number, "plain")

    def test_relay_that_wants_auth_says_so(self):
        self.use_relay(smtp_user="", mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "nobody")
        self.usher.start()
        message = self.usher.reaches(number, "refused")
        self.assertIn("Access denied", message["reason"])

    def test_connection_refused(self):
        self.use_relay(smtp_port=HOUSE.port(), mail_lanes=1)
        number = self.usher.invite_mail(self.pool, "refusing")
        self.usher.start()
        self.untouched(number, "cannot connect")
        self.use_relay()
        self.goes_after_reload(number, "refusing")

    def test_relay_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.use_relay(smtp_port=silent.getsockname()[1], mail_lanes=1,
                           smtp_reply_timeout=1, smtp_session_timeout=5)
            number = self.usher.invite_mail(self.pool, "silent")
            begun = time.monotonic()
            self.usher.start()
            self.untouched(number, "did not answer in time")
            self.assertLess(time.monotonic() - begun, 5 * SLOW)
            begun = time.monotonic()
            self.assertEqual(self.usher.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5 * SLOW)
        self.assertEqual(self.usher.message(number)["state"], "retry")


class Killed(MailCase):
    def test_relay_killed_midway_loses_nothing(self):
        count = 120
        self.use_relay(retry_first=1)
        numbers = self.invite_many(count, "killed")
        self.usher.start()
        wait_until(lambda: self.relay.arrived() > 10, 20, "the first mails")
        self.relay.kill()
        self.relay.start()
        for number in numbers:
            self.usher.reaches(number, "sent", 40)
        wait_until(lambda: len({mail["Message-ID"] for mail in
                                self.relay.mails()}) == count, 90,
                   "every mail arrives")
        mails = self.relay.mails()
        # One mail a session may have been accepted without an answer.
        self.assertLessEqual(len(mails), count + 2)
        passwords = {}
        for mail in mails:
            password = passwords.setdefault(mail["Message-ID"],
                                            relay.password_of(mail))
            self.assertEqual(password, relay.password_of(mail))


def tearDownModule():
    if MailCase.relay:
        MailCase.relay.stop()


if __name__ == "__main__":
    house.main()
