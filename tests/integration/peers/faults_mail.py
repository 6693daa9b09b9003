#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mail lane against a relay that refuses, loses or garbles mails: the
outcome that each fault of the catalogue must have; a test carries the fault's
number.
covers: delivery/smtp.c
covers: delivery/smtp_letter.c
"""
import email
import email.policy
import json
import quopri
import re
import signal
import sys
import time

sys.dont_write_bytecode = True

from fault_case import FaultCase  # noqa: E402
from house import HOUSE, main, wait_until  # noqa: E402
from smtp_peer import Drip, Peer, hang_up, nth  # noqa: E402


class Mail(FaultCase):
    def test_15_sender_refused_once(self):
        ids = self.begin(4, MAIL=nth(2, "550 5.7.1 sender not allowed",
                                     "250 2.1.0 ok"))
        for place, number in enumerate(ids):
            self.usher.reaches(number, "refused" if place == 1 else "sent")
        self.assertNotIn("the lane pauses", self.usher.logged())

    def refused_for_all(self, words, **answers):
        ids = self.begin(5, **answers)
        self.pauses(words)
        for number in ids[:2]:
            self.usher.reaches(number, "refused")
        self.kept(*ids[2:])

    def test_15_sender_refused_for_all(self):
        self.refused_for_all("sender not allowed",
                             MAIL="550 5.7.1 sender not allowed")

    def test_15_policy_refuses_all(self):
        self.refused_for_all("relay access denied",
                             RCPT="554 5.7.1 relay access denied")

    def test_16_no_room_at_mail(self):
        for reply in ("452 4.3.1 no room", "451 4.3.0 no room"):
            with self.subTest(reply=reply):
                ids = self.begin(3, MAIL=reply)
                self.throttled(ids[0], "no room")
                self.kept(*ids)
                self.forget()

    def test_nothing_is_added_to_what_was_rendered(self):
        for number in self.begin(2):
            self.usher.reaches(number, "sent")
        for mail in self.peer.mails:
            head, _, body = mail.partition(b"\r\n\r\n")
            names = re.findall(rb"^([!-9;-~]+):", head, re.M)
            self.assertEqual(names[0], b"Date")
            self.assertEqual(len(names), len(set(names)), names)
            self.assertRegex(body, rb"--\r\n$")

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
        number, other = self.begin(
            2, RCPT=nth(1, "450 4.2.0 greylisted", "250 2.1.5 ok"),
            EHLO="250-peer\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES")
        self.usher.reaches(other, "sent")
        self.spent(number, "greylisted")
        self.assertEqual(self.classes(number), ["RETRY"])
        wait = self.usher.sql(
            "select extract(epoch from due_at - a.attempted_at) "
            "from usher.later l join usher.attempt a on a.message_id = l.id "
            f"where l.id = {number}")
        self.assertGreaterEqual(float(wait), 300)

    def sessions(self):
        """How many mails went in each session."""
        lines = "\n".join(self.peer.commands).split("EHLO ")
        return [session.count("\nDATA") for session in lines[1:]]

    # Behind the first mail of a session RCPT and DATA do not wait for the
    # answer to MAIL, where the relay takes that.
    def refused_second(self, **answers):
        ids = self.begin(3, MAIL=nth(2, "550 5.7.1 sender not allowed",
                                     "250 2.1.0 ok"), **answers)
        for place, number in enumerate(ids):
            self.usher.reaches(number, "refused" if place == 1 else "sent")
        self.assertEqual(len(self.peer.mails), 2)
        attempt, = self.attempts(ids[1])
        self.assertEqual((attempt["code"], attempt["status"]), (550, "5.7.1"))
        self.assertIn("sender not allowed", attempt["words"])
        self.assertNotIn("the lane pauses", self.usher.logged())

    def test_15_recipients_behind_a_refused_sender(self):
        self.refused_second()

    def test_15_relay_that_forgets_whom_it_refused(self):
        self.refused_second(confused=True)

    def test_15_refused_with_chunks(self):
        self.refused_second(
            EHLO="250-peer\r\n250-PIPELINING\r\n250 CHUNKING")

    def test_15_refused_slowly_in_lines(self):
        drip = Drip("550-5.7.1 not\r\n550 5.7.1 sender not allowed\r\n", 0.02)
        ids = self.begin(3, MAIL=nth(2, drip, "250 2.1.0 ok"))
        for place, number in enumerate(ids):
            self.usher.reaches(number, "refused" if place == 1 else "sent")
        self.assertEqual(len(self.peer.mails), 2)

    def test_15_taken_slowly_in_lines(self):
        drip = Drip("250-2.1.0 we\r\n250 2.1.0 like you\r\n", 0.02)
        ids = self.begin(4, MAIL=nth(2, drip, "250 2.1.0 ok"))
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(self.peer.mails), 4)
        self.assertEqual(self.peer.sessions, 1)

    def test_15_sender_is_neither_taken_nor_refused(self):
        ids = self.begin(3, MAIL=nth(2, "garbage", "250 2.1.0 ok"),
                         confused=True)
        self.usher.reaches(ids[0], "sent")
        for number in ids[1:]:
            self.usher.run("queue", "retry", str(number))
            self.usher.reaches(number, "sent")
            # It was not touched.
            self.assertNotIn("AMBIGUOUS", self.classes(number))
        self.assertEqual(len(self.peer.mails), 3)

    def test_answer_to_the_dot_before_the_message(self):
        ids = self.begin(3, DATA=nth(2, "354 go on\r\n451 4.3.0 too early",
                                     "354 go on"))
        self.usher.reaches(ids[0], "sent")
        # The peer answers the dot, too: the next mail gets its neighbour's
        # answers, and must not be lost for it.
        for number in ids[1:]:
            self.first_class(number)
            self.usher.run("queue", "retry", str(number))
            self.usher.reaches(number, "sent")
            self.assertNotIn("REFUSED", self.classes(number))

    def test_chunks_offered_between_blanks(self):
        ids = self.begin(2, EHLO="250-peer\r\n250-PIPELINING\r\n"
                         "250- CHUNKING \r\n250 ok")
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(self.peer.mails), 2)
        self.assertIn(b"\r\nSubject: ", self.peer.mails[0])

    def breaks_off_after_ten(self, kind, last):
        ids = self.begin(24, MAIL=nth(11, last, "250 2.1.0 ok"))
        self.assertEqual(self.first_class(ids[10]), kind)
        # It need not wait for its turn.
        self.usher.run("queue", "retry", str(ids[10]))
        for number in ids:
            self.assertEqual(self.usher.reaches(number, "sent")["attempts"], 1)
        self.assertEqual(len(self.peer.mails), 24)
        self.assertEqual(self.classes(ids[10]), [kind, "ACCEPTED"])
        for number in ids[:10] + ids[11:]:
            self.assertEqual(self.classes(number), ["ACCEPTED"])

    def test_19_421_after_ten(self):
        self.breaks_off_after_ten("THROTTLED", "421 4.7.0 enough for now")
        first, second = self.sessions()[:2]
        self.assertEqual(first, 10)
        self.assertLessEqual(second, 10)

    def test_19_hangs_up_after_ten(self):
        self.breaks_off_after_ten("LANE_FAULT", hang_up)
        # One mail tries whether the fault is over.
        self.assertEqual(self.sessions()[:2], [10, 1])

    def test_20_421_to_every_mail(self):
        ids = self.begin(6, MAIL="421 4.7.0 not now")
        self.throttled(ids[0], "not now")
        wait_until(lambda: self.peer.counts["MAIL"] > 1, 15,
                   "the next session")
        self.assertLessEqual(self.peer.counts["MAIL"], self.peer.sessions)
        self.kept(*ids)
        self.assertEqual([len(self.attempts(n)) for n in ids[1:]], [0] * 5)

    def alone_in_doubt(self, ids, place, kind):
        """One had an attempt that came to KIND, its neighbours were sent."""
        for number in ids[:place] + ids[place + 1:]:
            message = self.usher.reaches(number, "sent")
            self.assertEqual(message["attempts"], 1)
        self.spent(ids[place])
        self.assertEqual(self.classes(ids[place]), [kind])

    def test_21_drop_in_the_body(self):
        # It was written with its dot, in one piece: nobody knows.
        ids = self.begin(4, body=nth(2, hang_up, None))
        self.alone_in_doubt(ids, 1, "AMBIGUOUS")

    def test_21_drop_between_chunks(self):
        # The last chunk was not written: surely not accepted.
        ids = self.begin(4, BDAT=nth(1, hang_up, "250 2.0.0 ok"),
                         EHLO="250-peer\r\n250 CHUNKING")
        self.alone_in_doubt(ids, 0, "RETRY")

    def test_21_drop_behind_a_chunk(self):
        for pipelining, kind in (("250-PIPELINING\r\n", "AMBIGUOUS"),
                                 ("", "RETRY")):
            with self.subTest(pipelining=pipelining):
                ids = self.begin(3, BDAT=nth(1, "250 2.0.0 go on",
                                             nth(2, hang_up, "250 2.0.0 ok")),
                                 EHLO=f"250-peer\r\n{pipelining}250 CHUNKING")
                self.alone_in_doubt(ids, 0, kind)
                self.usher.stop_all()

    def test_22_drop_behind_the_dot(self):
        ids = self.begin(4, {"retry_first": 6},
                         dot=nth(2, hang_up, "250 2.0.0 taken"))
        self.alone_in_doubt(ids, 1, "AMBIGUOUS")
        self.usher.reaches(ids[1], "sent")
        self.assertEqual(self.classes(ids[1]), ["AMBIGUOUS", "ACCEPTED"])
        # The same mail, down to its password, and still one message.
        mails = [mail for mail in self.peer.mails
                 if f"To: {self.usher.message(ids[1])['destination']}".encode()
                 in mail]
        self.assertEqual(len(mails), 2)
        self.assertEqual(mails[0], mails[1])
        self.assertEqual(self.usher.sql(
            "select count(*) from usher.message m join usher.message n "
            f"using (sub) where n.id = {ids[1]}"), "1")

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

    def test_23_answer_that_is_not_utf8(self):
        """It must not keep the outcomes of a batch from the database."""
        ids = self.begin(3, dot=b"250 2.0.0 angenommen f\xfcr caf\xe9\r\n")
        for number in ids:
            message = self.usher.reaches(number, "sent")
            self.assertIn("f?r caf?", message["remote_id"])
        self.assertEqual(len(self.peer.mails), 3)

    def test_23_answer_with_the_password(self):
        def echo(count, line):
            plain = quopri.decodestring(self.peer.mails[-1]).decode()
            password = re.search(r"password is\s+(\S+)\s", plain).group(1)
            HOUSE.note_secret(password, "a temporary password")
            return "250 2.0.0 taken " + password
        number, = self.begin(dot=echo)
        message = self.usher.reaches(number, "sent")
        self.assertEqual(message["remote_id"], "2.0.0 taken ****")

    def test_24_data_answered_by_250(self):
        number, = self.begin(DATA="250 2.0.0 thanks")
        self.spent(number, "answered 250 to DATA")
        self.assertEqual(self.classes(number), ["RETRY"])
        self.warned("the relay broke the protocol")
        self.assertEqual(self.peer.mails, [])

    def test_25_refused_at_the_dot(self):
        answers = iter(("451 4.3.0 later", "552 5.3.4 too big",
                        "554 5.6.0 not this", "250 2.0.0 taken"))
        later, big, never, good = self.begin(
            4, dot=lambda count, line: next(answers))
        self.usher.reaches(good, "sent")
        for number, status in ((big, "5.3.4"), (never, "5.6.0")):
            message = self.usher.reaches(number, "refused")
            self.assertEqual(message["attempts"], 1)
            self.assertEqual(message["history"][0]["status"], status)
        self.spent(later, "later")
        self.assertEqual(self.classes(later), ["RETRY"])

    def test_26_slow_drip_at_the_dot(self):
        ids = self.begin(3, dot=nth(1, Drip("2" * 400), "250 2.0.0 taken"))
        self.alone_in_doubt(ids, 0, "AMBIGUOUS")

    def test_26_slow_drip_at_the_recipient(self):
        ids = self.begin(3, RCPT=Drip("250-no\r\n" * 80))
        self.lane_fault(ids[0], "did not answer in time")
        self.kept(*ids)

    def test_27_no_answer_to_quit(self):
        patience = {"smtp_reply_timeout": 60, "smtp_session_timeout": 60}
        number, = self.begin(settings=patience, QUIT=None)
        self.usher.reaches(number, "sent")
        self.usher.reaches(self.invite(), "sent")
        self.assertEqual(self.peer.counts["QUIT"], 2)

    def test_29_long_mails_do_not_wait(self):
        """Two small writes and a delayed acknowledgement would cost each
        mail the 40 ms for which Linux holds it back."""
        pool = self.template("{username} {####} " + "so long " * 500)
        self.use(Peer())
        ids = [self.invite(pool) for _ in range(40)]
        self.usher.start()
        took = [self.usher.reaches(number, "sent")["history"][0]["took_ms"]
                for number in ids]
        self.assertTrue(all(len(mail) > 4096 for mail in self.peer.mails))
        self.assertLess(sorted(took)[len(took) // 2], 40, took)

    def test_30_addresses_that_may_not_be(self):
        self.use(Peer())
        before = self.usher.sql("select count(*) from usher.message")
        for address in ("a@example.com\r\nRCPT TO:<b@example.com>",
                        "a@example.com\n", "a>@example.com", "<a@example.com",
                        b"\xff@example.com", "a" * 64 + "@" +
                        ".".join(["b" * 63] * 3) + ".example"):
            with self.subTest(address=address):
                done = self.usher.run(
                    "invite", "--pool", self.pool, "--username", "wrong",
                    b"--attribute", b"email=" + address
                    if isinstance(address, bytes) else "email=" + address)
                self.assertEqual(done.status, 4, done)
        self.assertEqual(self.usher.sql(
            "select count(*) from usher.message"), before)

    def test_31_names_beyond_ascii(self):
        self.use(Peer())
        good, = self.usher.invite(self.pool, "ida", email="i@bücher.example")
        bad, = self.usher.invite(self.pool, "zoe", email="zoë@example.com")
        self.usher.start()
        self.usher.reaches(good, "sent")
        message = self.usher.reaches(bad, "refused")
        self.assertIn("SMTPUTF8", message["reason"])
        self.assertIn("RCPT TO:<i@xn--bcher-kva.example>", self.peer.commands)
        self.assertEqual(self.peer.counts["RCPT"], 1)

    def template(self, text):
        """A user pool whose mails say so."""
        return self.usher.pool("template", AdminCreateUserConfig={
            "InviteMessageTemplate": {"EmailSubject": "hello",
                                      "EmailMessage": text}})

    def delivered(self, text):
        """The HTML of the mail that this template makes, and its lines."""
        pool = self.template("{username} {####} " + text)
        self.use(Peer())
        number = self.invite(pool)
        self.usher.start()
        self.usher.reaches(number, "sent")
        lines = self.peer.mails[0].split(b"\r\n")
        mail = email.message_from_bytes(
            b"\n".join(line[line.startswith(b"."):] for line in lines),
            policy=email.policy.default)
        html = mail.get_body(("html",)).get_content()
        HOUSE.note_secret(html.split(" ")[1], "a temporary password")
        return html, lines

    def test_32_dots_and_line_ends(self):
        text = "<pre>\n.\n..\n.a\nFrom b\n.\n\n</pre>"
        for end in ("\n", "\r\n", "\r"):
            with self.subTest(end=end):
                html, lines = self.delivered(text.replace("\n", end))
                self.assertIn(text, html)
                self.assertNotIn(b".", lines)
                for line in lines:
                    self.assertNotRegex(line, rb"[\r\n]")
                self.forget()

    def test_33_long_lines(self):
        html, lines = self.delivered("x" * 1500 + "ä" * 1500)
        self.assertIn("x" * 1500 + "ä" * 1500, html)
        self.assertLessEqual(max(map(len, lines)), 78)

    def test_65_template_changed_between_attempts(self):
        pool = self.template("{username} {####} first words")
        self.use(Peer(dot=nth(1, "451 4.3.0 later", "250 2.0.0 taken")))
        number = self.invite(pool)
        self.usher.start()
        self.spent(number)
        path = self.usher.file("pool.json", json.dumps({
            "PoolName": "template", "AdminCreateUserConfig": {
                "InviteMessageTemplate": {"EmailSubject": "other",
                                          "EmailMessage": "{####} other"}}}))
        self.usher.good("pool", "update", pool, "--file", path)
        self.usher.good("queue", "retry", str(number))
        self.usher.reaches(number, "sent")
        first, second = self.peer.mails
        self.assertIn(b"first words", first)
        self.assertEqual(first, second)


class Drain(FaultCase):
    """usherd --drain leaves nothing that could go."""

    def drain(self, count, lanes, reload=False, **answers):
        self.use(Peer(**answers), mail_lanes=lanes, smtp_reply_timeout=10,
                 smtp_session_timeout=60)
        ids = [self.invite() for _ in range(count)]
        daemon = self.usher.start("--drain")
        if reload:
            wait_until(lambda: self.peer.mails, 15, "a mail")
            daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: daemon.poll() is not None, 60, "usherd ends")
        self.assertEqual(self.usher.stop(), 0)
        states = {self.usher.message(number)["state"] for number in ids}
        self.assertEqual(states, {"sent"})
        self.assertEqual(len(self.peer.mails), count)

    def test_a_session_that_took_too_long(self):
        # The claim ahead found nothing; then the session's end gave some back.
        def slow_at_last(count, line):
            time.sleep(2.6 if 94 < count < 99 else 0)
            return "250 2.0.0 taken"
        self.drain(100, 1, dot=slow_at_last)

    def test_asked_to_reload(self):
        def slow(count, line):
            time.sleep(0.2)
            return "250 2.0.0 taken"
        self.drain(5, 1, reload=True, dot=slow)

    def test_a_lane_that_rests_is_alone(self):
        # Those before it may have ended: there was nothing left for them.
        def slow_at_first(count, line):
            time.sleep(2 if count == 1 else 0)
            return "250 2.0.0 taken"
        self.drain(20, 3, dot=slow_at_first,
                   MAIL=nth(11, "421 4.7.0 enough", "250 2.1.0 ok"))


if __name__ == "__main__":
    main()
