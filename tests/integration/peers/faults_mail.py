#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mail lane against a relay that refuses, loses or garbles mails: the
outcome that each fault of the catalogue must have; a test carries the fault's
number.
covers: delivery/smtp.c
"""
import quopri
import re
import sys
import time

sys.dont_write_bytecode = True

from fault_case import FaultCase  # noqa: E402
from house import HOUSE, main  # noqa: E402
from smtp_peer import Drip, Peer, hang_up, nth  # noqa: E402


class Mail(FaultCase):
    def test_15_sender_refused_for_all(self):
        ids = self.begin(5, MAIL="550 5.7.1 sender not allowed")
        self.usher.wait_logged("the lane pauses")
        states = [self.usher.message(number)["state"] for number in ids]
        self.assertEqual(states[:2], ["refused", "refused"])
        self.assertEqual(set(states[2:]), {"retry"}, states)

    def test_15_policy_refuses_all(self):
        ids = self.begin(5, RCPT="554 5.7.1 relay access denied")
        self.usher.wait_logged("the lane pauses")
        states = [self.usher.message(number)["state"] for number in ids]
        self.assertEqual(states[:2], ["refused", "refused"])
        self.assertEqual(set(states[2:]), {"retry"}, states)

    def test_16_no_room_at_mail(self):
        number, = self.begin(MAIL="452 4.3.1 no room")
        self.lane_fault(number, "no room")

    def test_17_recipient_refused(self):
        ids = self.begin(5, RCPT=nth(3, "550 5.1.1 nobody here",
                                     "250 2.1.5 ok"))
        for place, number in enumerate(ids):
            message = self.usher.reaches(
                number, "refused" if place == 2 else "sent")
        self.assertEqual(len(self.peer.mails), 4)
        message = self.usher.message(ids[2])
        self.assertEqual(message["history"][0]["status"], "5.1.1")

    def test_17_address_is_not_logged(self):
        number, = self.begin(RCPT=lambda count, line: "550 5.1.1 " +
                             line.partition(":")[2] + " is nobody")
        message = self.usher.reaches(number, "refused")
        self.assertIn(f"<{message['destination']}>", message["reason"])
        self.assertNotIn(message["destination"], self.usher.logged())
        self.assertIn("<u***@example.com> is nobody", self.usher.logged())

    def test_18_greylisted(self):
        number, = self.begin(RCPT="450 4.2.0 greylisted", DATA="503 5.5.1 no",
                             EHLO="250-peer\r\n250-PIPELINING\r\n250 "
                                  "ENHANCEDSTATUSCODES")
        self.assertEqual(self.first_class(number), "RETRY")
        message = self.usher.message(number)
        self.assertEqual(message["attempts"], 1)
        wait = self.usher.sql("select extract(epoch from due_at - now()) > "
                              f"290 from usher.later where id = {number}")
        self.assertEqual(wait, "t")

    def test_19_421_after_some(self):
        ids = self.begin(6, MAIL=nth(4, "421 4.7.0 enough for now",
                                     "250 2.1.0 ok"))
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(self.peer.mails), 6)
        self.assertEqual(len(self.attempts(ids[5])), 1)

    def test_20_421_to_every_mail(self):
        ids = self.begin(6, MAIL="421 4.7.0 not now")
        self.lane_fault(ids[0], "not now")
        self.assertEqual(self.peer.counts["MAIL"], self.peer.sessions)
        self.assertEqual([len(self.attempts(n)) for n in ids[1:]], [0] * 5)

    def test_21_drop_in_the_body(self):
        ids = self.begin(4, body=nth(2, hang_up, None))
        for number in ids[:1] + ids[2:]:
            self.usher.reaches(number, "sent")
        self.assertIn(self.first_class(ids[1]), ("RETRY", "AMBIGUOUS"))

    def test_22_drop_behind_the_dot(self):
        ids = self.begin(4, dot=nth(2, hang_up, "250 2.0.0 taken"))
        for number in ids[:1] + ids[2:]:
            self.usher.reaches(number, "sent")
        self.assertEqual(self.first_class(ids[1]), "AMBIGUOUS")
        self.assertEqual(self.usher.message(ids[1])["state"], "retry")

    def test_23_odd_250(self):
        for text in ("250", "250-2.0.0 taken\r\n250 as 17",
                     "250-taken\r\n250 2.0.0 as 17"):
            with self.subTest(text=text):
                ids = self.begin(3, dot=text, EHLO="250-peer\r\n250-PIPELINING"
                                 "\r\n250 ENHANCEDSTATUSCODES")
                for number in ids:
                    self.usher.reaches(number, "sent")
                self.assertEqual(len(self.peer.mails), 3)
                self.usher.stop_all()

    def test_23_chunks(self):
        ids = self.begin(3, EHLO="250-peer\r\n250-PIPELINING\r\n250 CHUNKING")
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(self.peer.mails), 3)

    def test_23_drop_behind_a_chunk(self):
        for pipelining in ("250-PIPELINING\r\n", ""):
            with self.subTest(pipelining=pipelining):
                ids = self.begin(3, BDAT=nth(1, "250 2.0.0 go on",
                                             nth(2, hang_up, "250 2.0.0 ok")),
                                 EHLO=f"250-peer\r\n{pipelining}250 CHUNKING")
                self.assertIn(self.first_class(ids[0]),
                              ("RETRY", "AMBIGUOUS"))
                for number in ids[1:]:
                    self.usher.reaches(number, "sent")
                self.usher.stop_all()

    def test_23_answer_that_is_not_utf8(self):
        """It must not keep the outcomes of a batch from the database."""
        ids = self.begin(3, dot=b"250 2.0.0 angenommen f\xfcr caf\xe9\r\n")
        for number in ids:
            message = self.usher.reaches(number, "sent")
            self.assertIn("f?r caf?", message["remote_id"])
        self.assertEqual(len(self.peer.mails), 3)

    def test_23_answer_with_the_password(self):
        self.peer = Peer()
        FaultCase.turn += 1
        number = self.usher.invite_mail(self.pool, f"user{self.turn}")

        def echo(count, line):
            plain = quopri.decodestring(self.peer.mails[-1]).decode()
            password = re.search(r"password is\s+(\S+)\s", plain).group(1)
            HOUSE.note_secret(password, "a temporary password")
            return "250 2.0.0 taken " + password
        self.peer.answers["dot"] = echo
        self.usher.write(smtp_port=self.peer.port, smtp_user="",
                         smtp_tls="auto")
        self.usher.start()
        message = self.usher.reaches(number, "sent")
        self.assertEqual(message["remote_id"], "2.0.0 taken ****")

    def test_24_data_answered_by_250(self):
        number, = self.begin(DATA="250 2.0.0 thanks")
        self.assertEqual(self.first_class(number), "RETRY")
        self.assertEqual(self.peer.mails, [])

    def test_25_refused_at_the_dot(self):
        later, never = self.begin(2, dot=nth(1, "451 4.3.0 later",
                                             "552 5.3.4 too big"))
        self.assertEqual(self.usher.reaches(never, "refused")["history"][0]
                         ["status"], "5.3.4")
        self.assertEqual(self.first_class(later), "RETRY")

    def test_26_slow_drip(self):
        start = time.monotonic()
        number, = self.begin(RCPT=lambda count, line: Drip("2" * 400))
        self.assertIn(self.first_class(number), ("LANE_FAULT", "AMBIGUOUS"))
        self.assertLess(time.monotonic() - start, 12)

    def test_27_no_answer_to_quit(self):
        start = time.monotonic()
        number, = self.begin(QUIT=None)
        self.usher.reaches(number, "sent")
        self.assertLess(time.monotonic() - start, 4)

    def test_32_dots_and_line_ends(self):
        self.peer = Peer()
        pool = self.usher.pool("dots", AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "EmailSubject": "hello",
                "EmailMessage": "{username} {####}<pre>\n.\n..\n.a\nFrom b\n"
                                "</pre>" + "x" * 1500}})
        self.usher.write(smtp_port=self.peer.port, smtp_user="")
        number = self.usher.invite_mail(pool, "dotty")
        self.usher.start()
        self.usher.reaches(number, "sent")
        mail, = self.peer.mails
        self.assertTrue(all(len(line) <= 78 for line in mail.split(b"\n")))
        self.assertNotIn(b"\n.\r", mail)


if __name__ == "__main__":
    main()
