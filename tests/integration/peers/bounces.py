#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mails that a real Postfix bounces and brings to usher bounce itself, by a
transport of its own or by an alias; see usher.conf(5).

covers: cli/commands/bounce.c
covers: delivery/bounce.c
"""
import os
import pwd
import shutil
import smtplib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
import relay  # noqa: E402
from house import HOUSE, wait_until  # noqa: E402
from postgres import Server  # noqa: E402

WHY_NOT = relay.missing()
TEMPFAIL = 75  # sysexits(3): the mail system tries again

MAIN = """\
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
virtual_mailbox_domains =
relay_domains = piped.test
mydestination = alias.test
recipient_delimiter = +
transport_maps = inline:{{
  {{bounced@example.com = bouncing:}},
  {{example.com = virtual:}},
  {{piped.test = usher:}} }}
alias_maps = hash:{aliases}
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
"""

MASTER = """\
usher unix - n n - 10 pipe
  flags=R user=nobody
  argv={usher} bounce --config {config} --recipient ${{original_recipient}}
local unix - n n - - local
"""

ALIASES = """\
bounce: "|{usher} bounce --config {config} --recipient $ORIGINAL_RECIPIENT"
"""

REPORT = b"""\
Return-Path: <>
From: MAILER-DAEMON@relay.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Action: failed
Status: 5.7.1

--x--
"""


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Postfix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # nobody, who runs usher bounce, must reach all that it needs.
        cls.server = Server().make().start()
        cls.addClassCleanup(cls.server.remove)
        cls.usher = house.Usher(HOUSE, database=cls.server.database()).init()
        cls.addClassCleanup(cls.usher.stop_all)
        program = os.path.join(cls.usher.folder, "usher")
        shutil.copy2(os.path.join(house.BUILD, "usher"), program)
        # Whose the database of aliases is, as that user they are run.
        folder = HOUSE.make_folder("aliases")
        words = {"usher": program, "config": cls.usher.config,
                 "aliases": os.path.join(folder, "aliases")}
        with open(words["aliases"], "w", encoding="ascii") as file:
            file.write(ALIASES.format(**words))
        with open(os.path.join(folder, "main.cf"), "w", encoding="ascii"):
            pass
        for path in (folder, words["aliases"]):
            os.chown(path, pwd.getpwnam("nobody").pw_uid, 0)
        subprocess.run(["postalias", "-c", folder,
                        "hash:" + words["aliases"]], check=True,
                       capture_output=True)
        cls.relay = relay.Relay(MAIN.format(**words), MASTER.format(**words))
        cls.addClassCleanup(cls.relay.stop)
        password = cls.usher.file("password", relay.PASSWORD + "\n")
        cls.usher.write(**cls.relay.settings(password))
        cls.pool = cls.usher.pool()

    def tearDown(self):
        self.usher.stop_all()

    def begin(self, name, address):
        """One mail that bounces, one that does not, and usherd."""
        self.usher.write(bounce_address=address)
        number = self.usher.invite(self.pool, name,
                                   email="bounced@example.com")[0]
        other = self.usher.invite_mail(self.pool, f"not-{name}")
        self.usher.start()
        return number, other

    def delivered(self, domain, status="sent"):
        """Lines of Postfix's log on mails that came back to DOMAIN."""
        return [line for line in self.relay.logged().splitlines()
                if f"@{domain}>" in line and f"status={status}" in line]

    def bounced(self, number, other):
        message = self.usher.reaches(number, "bounced")
        receipt, = message["receipts"]
        self.assertEqual((receipt["source"], receipt["state"],
                          receipt["code"]), ("bounce", "bounced", "5.1.1"))
        self.assertEqual(self.usher.reaches(other, "sent")["receipts"], [])

    def test_transport(self):
        number, other = self.begin("piped", "bounce@piped.test")
        self.bounced(number, other)
        user = self.usher.json("user", "show", "piped", "--pool", self.pool)
        self.assertEqual([message["state"] for message in user["Messages"]],
                         ["bounced"])
        self.assertIn("bounced", self.usher.good(
            "user", "show", "piped", "--pool", self.pool).out)
        self.assertRegex(self.usher.good("queue", "show", str(number)).out,
                         r"(?m)^receipt at \S+ from bounce: bounced, "
                         r"code 5\.1\.1: ")
        wait_until(lambda: self.delivered("piped.test"), 10, "the log")

    def test_alias(self):
        self.bounced(*self.begin("aliased", "bounce@alias.test"))
        wait_until(lambda: self.delivered("alias.test"), 10, "the log")

    def test_from_outside(self):
        """A host that took the mail changes its mind."""
        self.usher.write(bounce_address="")
        domains = {domain: self.usher.invite_mail(self.pool, domain)
                   for domain in ("piped.test", "alias.test")}
        self.usher.start()
        for domain, number in domains.items():
            self.usher.reaches(number, "sent")
            mail, = self.relay.wait_mails(f"{domain}@example.com")
            token = mail["Message-ID"][1:].split("@")[0]
            with smtplib.SMTP("127.0.0.1", self.relay.port) as smtp:
                refused = smtp.sendmail("", [
                    f"bounce+{token}@{domain}"], REPORT)
            self.assertEqual(refused, {})
            message = self.usher.reaches(number, "bounced")
            self.assertEqual(message["receipts"][0]["code"], "5.7.1")
        with smtplib.SMTP("127.0.0.1", self.relay.port) as smtp:
            smtp.docmd("EHLO outside.test")
            smtp.docmd("MAIL FROM:<>")
            self.assertEqual(smtp.docmd(
                "RCPT TO:<bounce+x@elsewhere.test>")[0], 554)

    def test_database_away(self):
        """The mail stays with Postfix, which comes again."""
        self.usher.write(bounce_address="bounce@piped.test")
        number = self.usher.invite(self.pool, "patient",
                                   email="bounced@example.com")[0]
        before = len(self.delivered("piped.test", "deferred"))
        config = self.usher.config
        os.rename(config, config + ".away")
        try:
            drain = self.usher.house.spawn(
                [os.path.join(house.BUILD, "usherd"), "--config",
                 config + ".away", "--drain"], self.usher.log)
            self.assertEqual(drain.wait(60), 0)
            wait_until(lambda: len(self.delivered(
                "piped.test", "deferred")) > before, 60, "it is deferred")
            self.addCleanup(self.server.start)
            self.server.crash()
        finally:
            os.rename(config + ".away", config)
        try:
            wait_until(lambda: [
                line for line in self.delivered("piped.test", "deferred")
                if "cannot connect to the database" in line],
                60, "it is deferred once more")
        except AssertionError as error:
            raise AssertionError(
                f"{error}: {self.relay.logged()[-4000:]}") from None
        self.server.start()
        self.usher.reaches(number, "bounced")

    def test_what_is_no_bounce(self):
        """Anyone may write to that address; nothing stays in the queue."""
        self.usher.write(bounce_address="")
        number = self.usher.invite(
            self.pool, "stranger",
            email="bounce+1-0123456789abcdef0123@piped.test")[0]
        self.usher.start()
        self.usher.reaches(number, "sent")
        line = wait_until(lambda: [
            line for line in self.delivered("piped.test")
            if "+1-0123456789abcdef0123@" in line], 20, "it is taken")[0]
        self.assertIn("via usher service", line)
        self.assertEqual(self.usher.message(number)["state"], "sent")


class ByHand(house.Case):
    def test_wrong_use_keeps_the_mail(self):
        for words in (("--fly",), ("more",), ("--recipient",),
                      ("--config", "/nonexistent")):
            result = self.usher.run("bounce", *words, stdin=REPORT,
                                    config=False)
            self.assertEqual(result.status, TEMPFAIL, result)
            self.assertIn(words[-1].strip("-"), result.err)

    def test_database_away(self):
        usher = house.Usher(HOUSE, database="host=/nonexistent")
        result = usher.run("bounce", stdin=REPORT)
        self.assertEqual(result.status, TEMPFAIL, result)
        self.assertIn("cannot connect to the database", result.err)

    def test_odd_mails_are_taken(self):
        for mail in (b"", b"\0", b"\0" * 100000, b"x" * 10000000,
                     b"Subject: x\n" * 500000, b"\xff\xfe" * 10000,
                     REPORT, REPORT + b"\0" * 5000000,
                     REPORT + b"1-0123456789abcdef0123 " * 100000):
            with self.subTest(mail=mail[:20], size=len(mail)):
                result = self.usher.good("bounce", stdin=mail)
                self.assertIn("nothing is changed", result.out)

    def test_nobody_writes(self):
        done = subprocess.run(
            [os.path.join(house.BUILD, "usher"), "bounce", "--config",
             self.usher.config], stdin=subprocess.DEVNULL,
            capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done)

    def test_json(self):
        self.assertEqual(self.usher.json("bounce", stdin=b""), {})


if __name__ == "__main__":
    house.main()
