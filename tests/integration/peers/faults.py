#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mail lane against a relay that cannot be talked to: the outcome that
each fault of the catalogue must have; a test carries the fault's number.
covers: delivery/smtp.c
"""
import sys

sys.dont_write_bytecode = True

from fault_case import FaultCase  # noqa: E402
from house import HOUSE, main  # noqa: E402


class Relay(FaultCase):
    def test_03_no_greeting(self):
        number, = self.begin(greeting=None)
        self.lane_fault(number, "did not answer in time")

    def test_04_greeting_554(self):
        number, = self.begin(greeting="554 5.7.1 your address is listed")
        self.lane_fault(number, "your address is listed")

    def test_05_greeting_421(self):
        number, = self.begin(greeting="421 4.3.2 try later")
        self.lane_fault(number, "try later")

    def test_07_starttls_not_offered(self):
        number, = self.begin(settings={"smtp_tls": "required"})
        self.lane_fault(number, "STARTTLS")
        self.assertEqual(self.peer.mails, [])
        self.assertNotIn("MAIL", self.peer.counts)

    def test_10_injection_behind_starttls(self):
        number, = self.begin(
            settings={"smtp_tls": "required"},
            EHLO="250-peer\r\n250 STARTTLS",
            STARTTLS="220 go\r\n250-peer\r\n250 PIPELINING\r\n250 ok")
        self.lane_fault(number, "injected")
        self.assertEqual(self.peer.mails, [])

    def auth_fails(self, **answers):
        """With a user set, no mail may be begun without a 235."""
        HOUSE.note_login("somebody", "not-the-password")
        number, = self.begin(settings={
            "smtp_user": "somebody", "smtp_password_file":
            self.usher.file("secret", "not-the-password\n")}, **answers)
        self.lane_fault(number, "authentication with the relay failed")
        self.assertNotIn("MAIL", self.peer.counts)

    def test_12_auth_refused(self):
        self.auth_fails(EHLO="250-peer\r\n250 AUTH PLAIN LOGIN",
                        AUTH="535 5.7.8 bad credentials")

    def test_14_no_mechanism_fits(self):
        self.auth_fails(EHLO="250-peer\r\n250 AUTH XOAUTH2")


if __name__ == "__main__":
    main()
