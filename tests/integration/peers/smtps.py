#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through libcurl: implicit TLS into a real Postfix; XOAUTH2 and faults
with a relay that answers as told.
covers: delivery/relay_check.c
covers: delivery/relay_curl.c
covers: delivery/smtp_curl.c
"""
import base64
import re
import socket
import ssl
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
import relay  # noqa: E402
from house import HOUSE, SLOW, wait_until  # noqa: E402
from smtp_peer import Drip, Peer, hang_up, nth  # noqa: E402

WHY_NOT = relay.missing()
POSTFIX = []


def tearDownModule():
    for postfix in POSTFIX:
        postfix.stop()


class CurlCase(house.Case):
    """One mail lane that begins with TLS; what is asked of its messages."""
    turn = 0

    def setUp(self):
        self.forget()

    def forget(self):
        """Ends usherd and empties the queue."""
        self.usher.stop_all()
        self.usher.sql("delete from usher.later; delete from usher.ready; "
                       "delete from usher.lease")

    def invite_many(self, count):
        numbers = []
        for _ in range(count):
            CurlCase.turn += 1
            numbers.append(self.usher.invite_mail(self.pool,
                                                  f"user{CurlCase.turn}"))
        return numbers

    def attempts(self, number):
        return self.usher.message(number)["history"]

    def first(self, number):
        return wait_until(lambda: self.attempts(number), 15,
                          f"an attempt at {number}")[0]

    def sent_once(self, *numbers):
        for number in numbers:
            self.usher.reaches(number, "sent")
            self.assertEqual([attempt["class"] for attempt in
                              self.attempts(number)], ["ACCEPTED"])

    def lane_fault(self, number, words):
        """The lane paused, the message kept its attempts."""
        attempt = self.first(number)
        self.assertEqual(attempt["class"], "LANE_FAULT")
        self.assertIn(words, attempt["words"])
        self.usher.wait_logged("the lane pauses")
        message = self.usher.reaches(number, "retry")
        self.assertEqual(message["attempts"], 0)
        self.assertTrue(message["has_secret"])


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Implicit(CurlCase):
    @classmethod
    def setUpClass(cls):
        cls.relay = relay.Relay()
        POSTFIX.append(cls.relay)
        super().setUpClass()
        cls.password_file = cls.usher.file("password", relay.PASSWORD + "\n")
        cls.use_relay()
        cls.pool = cls.usher.pool()

    @classmethod
    def use_relay(cls, **settings):
        cls.usher.write(**{**cls.relay.settings(cls.password_file),
                           "smtp_port": cls.relay.smtps_port,
                           "smtp_tls": "implicit", "mail_lanes": 1,
                           **settings})

    def setUp(self):
        super().setUp()
        self.relay.clear()
        self.use_relay()

    def connections(self):
        return len(re.findall(r"smtpd\[\d+\]: connect from",
                              self.relay.logged()))

    def goes_after_reload(self, number):
        self.use_relay()
        self.usher.daemons[-1].send_signal(house.signal.SIGHUP)
        self.usher.reaches(number, "sent")
        wait_until(lambda: self.relay.arrived() == 1, 20, "the mail")

    def test_arrives_whole(self):
        number = self.usher.invite(self.pool, "zoe",
                                   email="zoe@example.com")[0]
        self.usher.start()
        mail = self.relay.wait_mails("zoe@example.com")[0]
        self.assertEqual(mail["Return-Path"], "<no-reply@usher.test>")
        self.assertIn("ESMTPSA", mail["Received"])
        self.assertIn(f"from {socket.gethostname()} ", mail["Received"])
        self.assertGreaterEqual(len(relay.password_of(mail)), 16)
        message = self.usher.reaches(number, "sent")
        queue_id = mail["Received"].split(" id ")[1].split()[0]
        self.assertEqual(message["remote_id"],
                         f"2.0.0 Ok: queued as {queue_id}")
        attempt, = message["history"]
        self.assertEqual((attempt["class"], attempt["code"],
                          attempt["status"]), ("ACCEPTED", 250, "2.0.0"))
        self.assertNotIn("zoe@example.com", self.usher.logged())
        self.assertEqual(self.usher.stop(), 0)
        # QUIT was said.
        self.assertRegex(self.relay.logged(),
                         r"disconnect from .* auth=1 mail=1 .* quit=1 ")

    def test_a_batch_is_one_connection(self):
        numbers = self.invite_many(30)
        before = self.connections()
        self.usher.start()
        self.sent_once(*numbers)
        self.assertEqual(self.connections() - before, 1)
        wait_until(lambda: self.relay.arrived() >= 30, 20, "30 mails")
        mails = self.relay.mails()
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), 30)
        self.assertEqual(len(mails), 30)

    def test_one_refused_among_many(self):
        before = self.invite_many(4)
        refused, grey = (self.usher.invite(
            self.pool, name, email=f"{name}@example.com")[0]
            for name in ("refused", "grey"))
        after = self.invite_many(4)
        self.usher.start()
        message = self.usher.reaches(refused, "refused")
        self.assertIn("550 5.1.1 <refused@example.com>: Recipient address "
                      "rejected: no such user here", message["reason"])
        attempt, = message["history"]
        self.assertEqual((attempt["code"], attempt["status"]),
                         (550, "5.1.1"))
        self.assertNotIn("refused@example.com", self.usher.logged())
        self.assertEqual(self.first(grey)["class"], "RETRY")
        waits = float(self.usher.sql(
            "select extract(epoch from due_at - a.attempted_at) from later l "
            f"join attempt a on a.message_id = l.id where l.id = {grey}"))
        self.assertGreaterEqual(waits, 300)
        self.sent_once(*before, *after)
        wait_until(lambda: self.relay.arrived() >= 8, 20, "8 mails")
        self.assertEqual(self.relay.arrived(), 8)

    def test_wrong_password(self):
        HOUSE.note_login(relay.USER, "wrong-Secret-4242")
        path = self.usher.file("wrong", "wrong-Secret-4242\n")
        self.use_relay(smtp_password_file=path)
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "authentication with the relay failed; "
                        "it said: 535 5.7.8")
        # It is read for each session: no reload.
        self.usher.file("wrong", relay.PASSWORD + "\n")
        self.usher.reaches(number, "sent")

    def test_certificate_for_another_name(self):
        self.use_relay(smtp_port=self.relay.other_smtps_port)
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "'relay.test'")
        self.goes_after_reload(number)

    def test_unknown_authority(self):
        other = relay.Certificates(HOUSE.make_folder("authority")).ca_file
        self.use_relay(smtp_ca_file=other)
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "certificate")
        self.goes_after_reload(number)

    def test_authority_of_the_system(self):
        """Without smtp_ca_file, which does not sign the relay's."""
        self.use_relay(smtp_ca_file="")
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "certificate")

    def test_port_without_implicit_tls(self):
        self.use_relay(smtp_port=self.relay.port)
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "cannot connect to the relay")
        self.assertEqual(self.relay.arrived(), 0)

    def test_connection_refused(self):
        self.use_relay(smtp_port=HOUSE.port())
        number, = self.invite_many(1)
        self.usher.start()
        self.lane_fault(number, "cannot connect to the relay")

    def test_reload_changes_the_carrier(self):
        self.use_relay(smtp_port=self.relay.port, smtp_tls="required")
        first, = self.invite_many(1)
        self.usher.start()
        self.sent_once(first)
        self.assertIn("-smtp-", self.first(first)["lane"])
        self.assertNotIn("-smtp-curl-", self.first(first)["lane"])
        self.use_relay()
        self.usher.daemons[-1].send_signal(house.signal.SIGHUP)

        def by_curl():
            number, = self.invite_many(1)
            self.sent_once(number)
            return "-smtp-curl-" in self.first(number)["lane"]
        wait_until(by_curl, 15, "mail by libcurl")

    def test_doctor(self):
        result = self.usher.good("doctor")
        self.assertIn("235 2.7.0", result.out)
        self.assertIn("> AUTH PLAIN\n", result.out)
        self.use_relay(smtp_port=self.relay.other_smtps_port)
        result = self.usher.run("doctor")
        self.assertEqual(result.status, 8)
        self.assertIn("relay.test", result.out)

    def test_settings_that_contradict(self):
        for words, settings in (
                ("smtp_tls: 'ssl' is not one of", {"smtp_tls": "ssl"}),
                ("smtp_auth: 'oauth' is not one of", {"smtp_auth": "oauth"}),
                ("smtp_auth: xoauth2 is not used without TLS",
                 {"smtp_auth": "xoauth2", "smtp_tls": "auto"})):
            with self.subTest(words=words):
                usher = house.Usher(HOUSE, **{**self.usher.settings,
                                              **settings})
                daemon = HOUSE.spawn([f"{house.BUILD}/usherd", "--config",
                                      usher.config], usher.log)
                self.assertEqual(daemon.wait(15 * SLOW), 7)
                self.assertIn(words, usher.logged())


class PeerCase(CurlCase):
    """The scripted relay speaks TLS with a certificate of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificates = relay.Certificates(HOUSE.make_folder("certificates"))
        certificates.sign("peer", relay.NAME)
        cls.ca_file = certificates.ca_file
        cls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.tls.load_cert_chain(f"{certificates.folder}/peer.pem",
                                f"{certificates.folder}/peer.key")
        cls.pool = cls.usher.pool()

    def tearDown(self):
        super().tearDown()
        self.peer.stop()

    def begin(self, count=1, settings=None, **answers):
        """Queues COUNT mails, starts usherd; answers their ids."""
        self.peer = Peer(tls=self.tls, **answers)
        self.usher.write(**{
            "mail_carrier": "smtp", "mail_lanes": 1, "smtp_tls": "implicit",
            "smtp_port": self.peer.port, "smtp_ca_file": self.ca_file,
            "smtp_tls_name": relay.NAME, "smtp_user": "",
            "smtp_auth": "password", "smtp_password_file": "",
            "smtp_connect_timeout": 2, "smtp_reply_timeout": 2,
            "smtp_session_timeout": 20, **(settings or {})})
        numbers = self.invite_many(count)
        self.usher.start()
        return numbers


class Token(PeerCase):
    user = "no-reply@example.com"
    offer = "250-peer\r\n250 AUTH LOGIN PLAIN XOAUTH2"

    def taken(self, token):
        """The SASL message that shows the token, in base64."""
        text = f"user={self.user}\x01auth=Bearer {token}\x01\x01"
        shown = base64.b64encode(text.encode()).decode()
        HOUSE.note_secret(token, "an access token")
        HOUSE.note_secret(shown, "an access token in AUTH")
        return shown

    def begin_with(self, token, count=1, settings=None, **answers):
        path = self.usher.file("token", token + "\n")
        return self.begin(count, {
            "smtp_auth": "xoauth2", "smtp_user": self.user,
            "smtp_password_file": path, **(settings or {})},
            **{"EHLO": self.offer, **answers})

    def judge(self, good):
        """Takes that SASL message alone."""
        def answer(count, line):
            shown = line.removeprefix("AUTH XOAUTH2 ")
            return ("235 2.7.0 welcome" if shown == good else
                    "535 5.7.3 Authentication unsuccessful, token expired")
        return answer

    def test_initial_response(self):
        good = self.taken("ya29.good-Token_1")
        numbers = self.begin_with("ya29.good-Token_1", 3,
                                  AUTH=self.judge(good))
        self.sent_once(*numbers)
        self.assertEqual(len(self.peer.mails), 3)
        self.assertIn(f"AUTH XOAUTH2 {good}", self.peer.commands)
        self.assertEqual(self.peer.counts["AUTH"], 1)

    def test_over_starttls(self):
        good = self.taken("ya29.good-Token_2")
        numbers = self.begin_with(
            "ya29.good-Token_2", settings={"smtp_tls": "required"},
            EHLO="250-peer\r\n250-STARTTLS\r\n250 AUTH XOAUTH2",
            AUTH=self.judge(good))
        self.sent_once(*numbers)
        self.assertEqual(self.peer.commands[1], "STARTTLS")

    def test_long_token_goes_by_a_challenge(self):
        token = "ey" + "Jhb.Gci_Oi-J" * 400
        good = self.taken(token)
        numbers = self.begin_with(token, AUTH="334 ", other=self.judge(good))
        self.sent_once(*numbers)
        self.assertIn("AUTH XOAUTH2", self.peer.commands)

    def test_expired_token(self):
        """The lane waits until another stands in the file, and no longer."""
        good = self.taken("ya29.fresh-Token_3")
        self.taken("ya29.stale-Token_3")
        first, second = self.begin_with("ya29.stale-Token_3", 2,
                                        AUTH=self.judge(good))
        self.lane_fault(first, "authentication with the relay failed; it "
                        "said: 535 5.7.3 Authentication unsuccessful")
        self.assertEqual(self.attempts(second), [])
        self.assertNotIn("MAIL", self.peer.counts)
        self.usher.file("token", "ya29.fresh-Token_3\n")
        self.usher.reaches(first, "sent")
        self.sent_once(second)

    def test_refused_by_a_challenge(self):
        """As Gmail does it."""
        self.taken("ya29.stale-Token_4")
        number, = self.begin_with("ya29.stale-Token_4",
                                  AUTH="334 eyJzdGF0dXMiOiI0MDAifQ==")
        self.lane_fault(number, "authentication with the relay failed, it "
                        "takes no such token; it said: 334 eyJ")
        self.assertNotIn("MAIL", self.peer.counts)

    def test_not_offered(self):
        self.taken("ya29.good-Token_5")
        for offer in ("250-peer\r\n250 AUTH PLAIN LOGIN", "250 peer"):
            with self.subTest(offer=offer):
                number, = self.begin_with("ya29.good-Token_5", EHLO=offer)
                self.lane_fault(number,
                                "authentication with the relay failed")
                self.assertNotIn("AUTH", self.peer.counts)
                self.assertNotIn("MAIL", self.peer.counts)
                doctor = self.usher.run("doctor")
                self.assertEqual(doctor.status, 8)
                self.forget()
                self.peer.stop()

    def test_missing_file(self):
        number, = self.begin_with("x", settings={
            "smtp_password_file": "/nonexistent/token"})
        self.lane_fault(number, "/nonexistent/token")
        self.assertEqual(self.peer.sessions, 0)

    def test_doctor(self):
        good = self.taken("ya29.good-Token_6")
        self.sent_once(*self.begin_with("ya29.good-Token_6",
                                        AUTH=self.judge(good)))
        result = self.usher.good("doctor")
        self.assertIn("> AUTH XOAUTH2\n", result.out)
        self.assertIn("< 235 2.7.0 welcome", result.out)


class Faults(PeerCase):
    def test_04_greeting_554(self):
        number, = self.begin(greeting="554 5.7.1 your address is listed")
        self.lane_fault(number, "your address is listed")

    def test_03_no_tls(self):
        """It takes the connection and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            number, = self.begin(settings={
                "smtp_port": silent.getsockname()[1]})
            self.lane_fault(number, "cannot connect to the relay")

    def test_03_no_greeting(self):
        number, = self.begin(greeting=None)
        self.lane_fault(number, "did not answer in time")

    def test_03_late_greeting(self):
        """Later than a connection may take, sooner than a reply."""
        number, = self.begin(
            settings={"smtp_connect_timeout": 1, "smtp_reply_timeout": 20},
            greeting=lambda count, line: time.sleep(3 * SLOW) or "220 peer")
        self.sent_once(number)

    def test_15_policy_refuses_all(self):
        ids = self.begin(5, RCPT="554 5.7.1 relay access denied")
        self.usher.wait_logged("the lane pauses")
        for number in ids[:2]:
            self.usher.reaches(number, "refused")
        for number in ids[2:]:
            self.usher.reaches(number, "retry")
        self.assertEqual([len(self.attempts(number)) for number in ids[2:]],
                         [1, 0, 0])

    def test_19_421_after_some(self):
        ids = self.begin(6, MAIL=nth(4, "421 4.7.0 enough for now",
                                     "250 2.1.0 ok"))
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(self.peer.mails), 6)
        self.assertEqual(len(self.attempts(ids[5])), 1)

    def use_pool(self, name, message):
        """Users are invited into one with that text."""
        self.addCleanup(setattr, self, "pool", self.pool)
        self.pool = self.usher.pool(name, AdminCreateUserConfig={
            "InviteMessageTemplate": {"EmailSubject": "hello",
                                      "EmailMessage": message}})

    def test_21_drop_in_the_body(self):
        """Whether all of it went into the buffers on the way is chance."""
        first, second = self.begin(2, body=nth(1, hang_up, None))
        self.assertIn(self.first(first)["class"], ("RETRY", "AMBIGUOUS"))
        self.usher.wait_logged("the lane pauses")
        self.usher.reaches(second, "sent")
        self.assertEqual(len(self.peer.mails), 1)

    def test_22_drop_behind_the_dot(self):
        ids = self.begin(4, dot=nth(2, hang_up, "250 2.0.0 taken"))
        for number in ids[:1] + ids[2:]:
            self.usher.reaches(number, "sent")
        self.assertEqual(self.first(ids[1])["class"], "AMBIGUOUS")
        message = self.usher.message(ids[1])
        self.assertEqual((message["state"], message["attempts"]),
                         ("retry", 1))
        # Offered once: neither libcurl nor the lane did it again.
        self.assertEqual(len(self.peer.mails), 4)

    def test_22_silence_behind_the_dot(self):
        start = time.monotonic()
        number, = self.begin(dot=None, QUIT=None)
        self.assertEqual(self.first(number)["class"], "AMBIGUOUS")
        self.assertLess(time.monotonic() - start, 8 * SLOW)

    def test_22_kept_connection_was_closed(self):
        """Nothing was offered, so that no message counts as tried."""
        ids = self.begin(5, MAIL=lambda count, line: hang_up(count, line)
                         if count in (2, 4) else "250 2.1.0 ok")
        self.sent_once(*ids)
        self.assertEqual(len(self.peer.mails), 5)
        self.assertEqual(self.peer.sessions, 3)
        self.assertNotIn("the lane pauses", self.usher.logged())

    def test_23_odd_250(self):
        for text in ("250", "250-2.0.0 taken\r\n250 as 17",
                     b"250 2.0.0 f\xfcr caf\xe9\r\n"):
            with self.subTest(text=text):
                ids = self.begin(3, dot=text)
                self.sent_once(*ids)
                self.assertEqual(len(self.peer.mails), 3)
                self.forget()
                self.peer.stop()

    def test_24_data_answered_by_250(self):
        number, = self.begin(DATA="250 2.0.0 thanks")
        self.assertEqual(self.first(number)["class"], "RETRY")
        self.usher.wait_logged("the relay broke the protocol: it answered 250")
        self.assertEqual(self.peer.mails, [])

    def test_25_refused_at_the_dot(self):
        later, never = self.begin(2, dot=nth(1, "451 4.3.0 later",
                                             "552 5.3.4 too big"))
        self.assertEqual(self.usher.reaches(never, "refused")["history"][0]
                         ["status"], "5.3.4")
        self.assertEqual(self.first(later)["class"], "RETRY")

    def test_26_slow_drip(self):
        start = time.monotonic()
        number, = self.begin(RCPT=lambda count, line: Drip("2" * 400))
        self.assertEqual(self.first(number)["class"], "LANE_FAULT")
        self.assertLess(time.monotonic() - start, 12 * SLOW)

    def test_26_session_takes_too_long(self):
        """Each reply is in time, all of them are not."""
        number, = self.begin(
            settings={"smtp_session_timeout": 5},
            EHLO=lambda count, line: time.sleep(1.5 * SLOW) or "250 peer",
            MAIL=lambda count, line: time.sleep(1.5 * SLOW) or "250 ok",
            RCPT=lambda count, line: time.sleep(1.5 * SLOW) or "250 ok",
            DATA=lambda count, line: time.sleep(1.5 * SLOW) or "354 go on")
        self.lane_fault(number, "did not answer in time")
        self.assertEqual(self.peer.mails, [])

    def slow(self, count):
        """Mails that take longer than half a session, which is when the last
        is begun."""
        return self.begin(count, {"smtp_session_timeout": 5},
                          MAIL=lambda *_: time.sleep(0.7) or "250 ok")

    def test_26_session_ends_before_its_time(self):
        self.sent_once(*self.slow(6))
        self.assertEqual(len(self.peer.mails), 6)
        self.assertGreaterEqual(self.peer.sessions, 2)
        self.assertNotIn("the lane pauses", self.usher.logged())

    def test_stop_lets_the_mail_under_way_end(self):
        ids = self.slow(4)
        wait_until(lambda: self.peer.counts.get("MAIL", 0) == 2, 15,
                   "the second mail begins")
        self.assertEqual(self.usher.stop(), 0)
        self.assertEqual(len(self.peer.mails), 2)
        self.sent_once(*ids[:2])
        for number in ids[2:]:
            message = self.usher.message(number)
            self.assertEqual((message["state"], message["history"]),
                             ("retry", []))

    def test_27_no_answer_to_quit(self):
        """Not after a batch, nor after a refusal."""
        start = time.monotonic()
        ids = self.begin(3, settings={"smtp_reply_timeout": 60,
                                      "smtp_session_timeout": 90},
                         QUIT=None, RCPT=nth(2, "550 5.1.1 nobody here",
                                             "250 2.1.5 ok"))
        self.usher.reaches(ids[1], "refused")
        self.sent_once(ids[0], ids[2])
        self.assertEqual(self.usher.stop(), 0)
        self.assertLess(time.monotonic() - start, 12 * SLOW)

    def test_32_dots_and_line_ends(self):
        self.use_pool("dots", "{username} {####}<pre>\n.\n..\n.a\nFrom b\n"
                      "</pre>" + "x" * 1500)
        self.sent_once(*self.begin())
        mail, = self.peer.mails
        self.assertTrue(all(len(line) <= 78 for line in mail.split(b"\n")))
        self.assertNotIn(b"\n.\r", mail)


if __name__ == "__main__":
    house.main()
