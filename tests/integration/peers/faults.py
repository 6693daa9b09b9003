#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mail lane against a relay that cannot be talked to: the outcome that
each fault of the catalogue must have; a test carries the fault's number.
covers: delivery/smtp.c
"""
import socket
import ssl
import sys

sys.dont_write_bytecode = True

from fault_case import FaultCase  # noqa: E402
from house import HOUSE, main  # noqa: E402
from relay import NAME, Certificates  # noqa: E402
from smtp_peer import Peer  # noqa: E402

TLS = {"smtp_tls": "required"}
OFFERS_TLS = "250-peer\r\n250 STARTTLS"


class Connection(FaultCase):
    def test_01_no_such_name(self):
        # Longer than a label may be: no server is asked.
        number, other = self.begin(2, {"smtp_tls": "off",
                                       "smtp_host": "r" * 64 + ".invalid"})
        self.lane_fault(number, "not known")
        self.pauses("not known", 1, 2)
        self.kept(number, other)

    def test_02_connection_refused(self):
        number, other = self.begin(2, {"smtp_port": HOUSE.port()})
        self.lane_fault(number, "Connection refused")
        self.pauses("Connection refused", 1, 2)
        self.kept(number, other)

    def test_02_connection_timed_out(self):
        waiting = []
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(full.getsockname())
            number, = self.begin(
                settings={"smtp_port": full.getsockname()[1]})
            self.lane_fault(number, "Connection timed out")
        for one in waiting:
            one.close()

    def test_03_no_greeting(self):
        number, = self.begin(greeting=None)
        self.lane_fault(number, "did not answer in time")

    def test_04_greeting_554(self):
        number, = self.begin(greeting="554 5.7.1 your address is listed")
        self.lane_fault(number, "your address is listed")

    def test_05_greeting_421(self):
        number, = self.begin(greeting="421 4.3.2 try later")
        self.throttled(number, "try later")

    def test_05_hello_421(self):
        number, other = self.begin(2, EHLO="421 4.3.2 try later")
        self.throttled(number, "try later")
        self.assertEqual(self.attempts(other), [])
        self.assertNotIn("MAIL", self.peer.counts)

    def test_06_hello_of_old(self):
        ids = self.begin(2, EHLO="502 5.5.1 what?", HELO="250 peer")
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(self.peer.counts["HELO"], 1)

    def test_06_hello_of_old_but_tls_is_required(self):
        number, = self.begin(settings=TLS, EHLO="502 5.5.1 what?",
                             HELO="250 peer")
        self.lane_fault(number, "STARTTLS")
        self.assertNotIn("MAIL", self.peer.counts)


class Tls(FaultCase):
    certificates = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates(HOUSE.make_folder("certificates"))

    def test_07_starttls_not_offered(self):
        number, = self.begin(settings=TLS)
        self.lane_fault(number, "does not offer STARTTLS, which is required")
        self.assertEqual(self.peer.mails, [])
        self.assertNotIn("MAIL", self.peer.counts)

    def test_08_starttls_454(self):
        number, other = self.begin(2, TLS, EHLO=OFFERS_TLS,
                                   STARTTLS="454 4.7.0 no TLS now")
        self.lane_fault(number, "no TLS now")
        self.assertEqual(self.attempts(other), [])
        self.assertNotIn("MAIL", self.peer.counts)

    def present(self, name, days=2, ca_file=None):
        """A relay with a certificate of ours for NAME."""
        self.certificates.sign("relay", name, days=days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.path("relay.pem"),
                                self.certificates.path("relay.key"))
        self.use(Peer(context, EHLO=OFFERS_TLS), **TLS, smtp_tls_name=NAME,
                 smtp_ca_file=ca_file or self.certificates.ca_file)
        number = self.invite()
        self.usher.start()
        return number

    def refuses(self, number, reason, subject):
        """Says why and whose it is; nothing goes, not in clear either."""
        self.lane_fault(number, reason)
        self.assertIn(subject, self.attempts(number)[0]["words"])
        self.assertNotIn("MAIL", self.peer.counts)

    def test_09_good_certificate(self):
        self.usher.reaches(self.present(NAME), "sent")
        self.assertEqual(self.peer.counts["EHLO"], 2)

    def test_09_expired(self):
        number = self.present(NAME, days=0)
        self.refuses(number, "certificate has expired", "CN=" + NAME)

    def test_09_wrong_name(self):
        number = self.present("elsewhere.test")
        self.refuses(number, "ostname mismatch", "CN=elsewhere.test")

    def test_09_unknown_authority(self):
        other = Certificates(HOUSE.make_folder("authority"))
        number = self.present(NAME, ca_file=other.ca_file)
        self.refuses(number, "unable to get", "CN=" + NAME)

    def test_10_injection_behind_starttls(self):
        number, = self.begin(
            settings=TLS, EHLO=OFFERS_TLS,
            STARTTLS="220 go\r\n250-peer\r\n250 PIPELINING\r\n250 ok")
        self.lane_fault(number, "plain text was injected behind the answer "
                                "to STARTTLS")
        self.pauses("injected", 1, 2)
        self.kept(number)
        self.assertEqual(self.peer.mails, [])


class Auth(FaultCase):
    def auth_fails(self, words, **answers):
        """With a user set, no mail may be begun without a 235; what is
        queued keeps its attempts, and the pauses grow."""
        HOUSE.note_login("somebody", "not-the-password")
        ids = self.begin(3, {
            "smtp_user": "somebody", "smtp_password_file":
            self.usher.file("secret", "not-the-password\n")}, **answers)
        self.lane_fault(ids[0], "authentication with the relay failed")
        self.assertIn(words, self.attempts(ids[0])[0]["words"])
        self.pauses(words, 1, 2)
        self.kept(*ids)
        self.assertEqual([self.attempts(n) for n in ids[1:]], [[], []])
        self.assertNotIn("MAIL", self.peer.counts)

    def test_06_hello_of_old_but_auth_is_set(self):
        self.auth_fails("", EHLO="502 5.5.1 what?", HELO="250 peer")

    def test_12_auth_refused(self):
        self.auth_fails("535 5.7.8 bad credentials",
                        EHLO="250-peer\r\n250 AUTH PLAIN LOGIN",
                        AUTH="535 5.7.8 bad credentials")
        # Once a mechanism and session: more would lock the account.
        self.assertLessEqual(self.peer.counts["AUTH"], 2 * self.peer.sessions)

    def test_13_auth_not_now(self):
        self.auth_fails("454 4.7.0 not now",
                        EHLO="250-peer\r\n250 AUTH PLAIN LOGIN",
                        AUTH="454 4.7.0 not now")

    def test_14_no_mechanism_fits(self):
        self.auth_fails("", EHLO="250-peer\r\n250 AUTH XOAUTH2")

    def test_14_mail_530(self):
        """AUTH is wanted and none is set: not the fault of the mails."""
        ids = self.begin(4, MAIL="530 5.7.0 authentication required")
        self.lane_fault(ids[0], "authentication required")
        self.kept(*ids)


if __name__ == "__main__":
    main()
