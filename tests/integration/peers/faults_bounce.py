#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mails that come back: the outcome that each such fault of the catalogue must
have; a test carries the fault's number.
covers: delivery/bounce.c
covers: delivery/receipt.c
covers: delivery/token.c
"""
import re
import sys

sys.dont_write_bytecode = True

from fault_case import FaultCase  # noqa: E402
from house import main  # noqa: E402
from smtp_peer import hang_up, nth  # noqa: E402

VERP = {"bounce_address": "bounce@usher.test", "retry_first": 2}

REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@relay.test (Mail Delivery System)
To: bounce@usher.test
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

I could not deliver it.

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; anna@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} nobody
 is here

--x--
"""

PLAIN = """\
Return-Path: <>
From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>
Subject: Returned mail

Sorry.
"""

ABSENCE = """\
Return-Path: <anna@example.com>
From: Anna <anna@example.com>
Auto-Submitted: auto-replied
Subject: I am away

Back on Monday.
"""


def failed(status="5.1.1"):
    return REPORT.format(action="failed", status=status)


class Bounces(FaultCase):
    def sent(self, count=1, **answers):
        """Mails that were sent: their ids and return paths."""
        ids = self.begin(count, VERP, **answers)
        for number in ids:
            self.usher.reaches(number, "sent")
        return ids, self.paths()

    def paths(self):
        return [re.search("<(.*?)>", line)[1] for line in self.peer.commands
                if line.startswith("MAIL FROM:")]

    def come_back(self, mail, path=None):
        """What usher says when MAIL came back to PATH."""
        words = ("--recipient", path) if path else ()
        return self.usher.good("bounce", *words, stdin=mail.encode()).out

    def state(self, number):
        return self.usher.message(number)["state"]

    def receipts(self, number):
        return self.usher.sql("select string_agg(state, ' ' order by id) from "
                              f"usher.receipt where message_id = {number}")

    def test_34_return_path_names_the_message(self):
        ids, paths = self.sent(3, dot=nth(1, "451 4.3.0 later",
                                          "250 2.0.0 taken"))
        self.assertEqual(len(paths), 4)
        self.assertEqual(len(set(paths)), 3)
        self.assertEqual(paths[0], paths[3])
        for number, path in zip(ids, paths):
            self.assertRegex(
                path, rf"^bounce\+{number}-[0-9a-f]{{20}}@usher\.test$")

    def test_34_report(self):
        (first, second), paths = self.sent(2)
        said = self.come_back(failed(), paths[1])
        self.assertEqual(said, f"message {second}: bounced, status 5.1.1\n")
        self.assertEqual(self.state(second), "bounced")
        self.assertEqual(self.state(first), "sent")
        self.assertEqual(self.usher.sql(
            "select source, state, code, words from usher.receipt "
            f"where message_id = {second}"),
            "bounce|bounced|5.1.1|smtp; 550 5.1.1 nobody is here")

    def test_34_return_path_alone(self):
        (number,), (path,) = self.sent()
        self.come_back(PLAIN, path)
        self.assertEqual(self.state(number), "bounced")

    def test_34_token_in_the_mail_alone(self):
        (number,), (path,) = self.sent()
        token = path[len("bounce+"):path.index("@")]
        self.come_back(failed() + f"Message-ID: <{token}@usher.test>\n")
        self.assertEqual(self.state(number), "bounced")

    def test_34_what_is_not_ours(self):
        (number,), (path,) = self.sent()
        token = re.search("-([0-9a-f]+)@", path)[1]
        forged = "".join("0" if digit == "1" else "1" for digit in token)
        for other in (path.replace(token, forged),
                      path.replace(f"+{number}-", f"+{number + 9999}-"),
                      path.replace(token, token[:-1]),
                      "bounce@usher.test", "bounce+@usher.test"):
            with self.subTest(other=other):
                self.assertIn("nothing is changed",
                              self.come_back(failed(), other))
        self.assertIn("no bounce", self.come_back(ABSENCE, path))
        self.assertIn("no bounce", self.come_back("", path))
        self.assertEqual(self.state(number), "sent")
        self.assertEqual(self.receipts(number), "")

    def test_35_twice(self):
        (number,), (path,) = self.sent()
        for _ in range(3):
            self.come_back(failed(), path)
            self.assertEqual(self.state(number), "bounced")
        self.assertEqual(self.receipts(number), "bounced")

    def test_35_never_back(self):
        (number,), (path,) = self.sent()
        for action, state in (("delayed", "sent"), ("delivered", "delivered"),
                              ("delayed", "delivered"), ("failed", "bounced"),
                              ("delivered", "bounced"), ("delayed", "bounced")):
            self.come_back(REPORT.format(action=action, status="4.4.1"), path)
            self.assertEqual(self.state(number), state, action)
        self.assertEqual(self.receipts(number), "delayed delivered bounced")

    def test_35_before_the_next_attempt(self):
        """The answer was lost, the mail was not: it need not go again."""
        number, = self.begin(1, {**VERP, "retry_first": 600}, dot=hang_up)
        self.spent(number)
        self.come_back(failed(), self.paths()[0])
        self.assertEqual(self.state(number), "bounced")
        self.assertEqual(self.usher.run("queue", "retry",
                                        str(number)).status, 5)
        self.assertFalse(self.usher.message(number)["has_secret"])


if __name__ == "__main__":
    main()
