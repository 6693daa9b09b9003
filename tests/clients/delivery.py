#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CodeDeliveryFailureException: what is known at once, and what a call that
waits (invite_wait_ms) learns.

covers: account/outcome.c
"""
import aws
import house
from smtp_peer import Peer

MAIL = "Invalid email provided/Unable to send the email"
SMS = ("Invalid phone number provided/Unable to send the message. User pool "
       "does not have SMS configuration to send messages.")
PLAIN = {"smtp_host": "127.0.0.1", "mail_carrier": "smtp"}


class Delivery(aws.Case):
    def setUp(self):
        self.pool = self.make_pool()

    def restart(self, **settings):
        self.usher.stop_all()
        self.usher.write(**settings)
        self.usher.start()

    def invite(self, username, **more):
        return self.aws.admin_create_user(
            UserPoolId=self.pool, Username=username, UserAttributes=[
                {"Name": "email", "Value": username + "@example.com"},
                {"Name": "phone_number", "Value": "+4915112345678"}],
            **{"DesiredDeliveryMediums": ["EMAIL"], **more})

    def refused(self, words, username, **more):
        """The call says so; the user is there."""
        with self.assertRaises(
                self.aws.exceptions.CodeDeliveryFailureException) as caught:
            self.invite(username, **more)
        self.assertEqual(caught.exception.response["Error"]["Message"], words)
        user = self.aws.admin_get_user(UserPoolId=self.pool,
                                       Username=username)
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")

    def test_no_carrier(self):
        self.restart(mail_carrier="none", text_carrier="none",
                     invite_wait_ms=0)
        self.refused(MAIL, "alice")
        self.refused(SMS, "bob", DesiredDeliveryMediums=["SMS"])
        self.refused(MAIL, "alice", MessageAction="RESEND")
        self.invite("carol", MessageAction="SUPPRESS")
        self.restart(mail_carrier="capture")
        self.invite("dave")

    def test_relay_refuses(self):
        """Golden case 48."""
        peer = Peer(RCPT="550 5.1.1 no such user")
        self.addCleanup(peer.stop)
        self.restart(smtp_port=peer.port, invite_wait_ms=20000, **PLAIN)
        self.refused(MAIL, "alice")
        peer.answers["RCPT"] = "250 2.1.5 ok"
        self.invite("alice", MessageAction="RESEND")
        self.assertEqual(len(peer.mails), 1)

    def test_relay_is_slow(self):
        """What is not known in time is no failure."""
        peer = Peer(RCPT="451 4.2.0 later")
        self.addCleanup(peer.stop)
        self.restart(smtp_port=peer.port, invite_wait_ms=300, **PLAIN)
        self.assertIn("User", self.invite("alice"))
        peer.answers["RCPT"] = "550 5.1.1 no such user"
        self.restart(invite_wait_ms=0)
        self.assertIn("User", self.invite("bob"))

    def test_address_beyond_smtp(self):
        self.restart(mail_carrier="capture", invite_wait_ms=0)
        self.refused(MAIL, "jürgen")


if __name__ == "__main__":
    house.main()
