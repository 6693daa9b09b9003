# SPDX-License-Identifier: MIT
"""What the tests of the fault catalogue share: usherd with one mail lane
before a relay that misbehaves, and the outcomes that a fault may have."""
import unittest

from house import HOUSE, Usher, wait_until
from smtp_peer import Peer

USUAL = {"smtp_host": "127.0.0.1", "smtp_user": "", "smtp_password_file": "",
         "smtp_tls": "auto", "smtp_tls_name": "", "smtp_ca_file": "",
         "smtp_connect_timeout": 2, "smtp_reply_timeout": 2,
         "smtp_session_timeout": 5, "retry_first": 30,
         "bounce_address": ""}


class FaultCase(unittest.TestCase):
    usher = None
    pool = None
    turn = 0

    @classmethod
    def setUpClass(cls):
        cls.usher = Usher(HOUSE, mail_carrier="smtp", mail_lanes=1).init()
        cls.pool = cls.usher.pool()

    def setUp(self):
        self.peer = None
        self.forget()

    def forget(self):
        """Ends usherd and empties the queue."""
        self.usher.stop_all()
        self.usher.sql("delete from usher.later; delete from usher.ready; "
                       "delete from usher.lease")

    def tearDown(self):
        self.usher.stop_all()
        if self.peer:
            self.peer.stop()

    def use(self, peer, **settings):
        """The relay from now on."""
        self.peer = peer
        self.usher.write(**{**USUAL, "smtp_port": peer.port, **settings})

    def invite(self, pool=None):
        FaultCase.turn += 1
        return self.usher.invite_mail(pool or self.pool, f"user{self.turn}")

    def begin(self, count=1, settings=None, **answers):
        """Queues COUNT mails, starts usherd; answers their ids."""
        self.use(Peer(**answers), **(settings or {}))
        ids = [self.invite() for _ in range(count)]
        self.usher.start()
        return ids

    def attempts(self, number):
        return self.usher.message(number)["history"]

    def classes(self, number):
        return [attempt["class"] for attempt in self.attempts(number)]

    def first_class(self, number):
        history = wait_until(lambda: self.attempts(number), 15,
                             f"an attempt at {number}")
        return history[0]["class"]

    def lane_fault(self, number, words):
        """The lane paused with an alarm, the message kept its attempts."""
        self.let_go(number, "LANE_FAULT", words)
        self.pauses(words)

    def throttled(self, number, words):
        """The lane goes slower, without an alarm; the message kept its
        attempts."""
        self.let_go(number, "THROTTLED", words)
        self.usher.wait_logged("asks for less")
        self.assertNotIn("level=warning", self.usher.logged())

    def let_go(self, number, kind, words):
        self.assertEqual(self.first_class(number), kind)
        self.kept(number)
        self.assertIn(words, self.attempts(number)[0]["words"])

    def kept(self, *numbers):
        """They wait for another try and no attempt was spent."""
        for number in numbers:
            message = self.usher.reaches(number, "retry")
            self.assertEqual(message["attempts"], 0, message)
            self.assertTrue(message["has_secret"])

    def spent(self, number, words=""):
        """It waits for another try, with one attempt less."""
        message = self.usher.reaches(number, "retry")
        self.assertEqual(message["attempts"], 1, message)
        self.assertIn(words, message["history"][-1]["words"])
        return message

    def warned(self, *words):
        """Waits for a warning in the log with these words."""
        def look():
            return any(all(word in line for word in ("level=warning", *words))
                       for line in self.usher.logged().splitlines())
        wait_until(look, 15, f"{words} in a warning")

    def pauses(self, words, *seconds):
        """Waits until the lane says that it pauses, and for how long."""
        self.warned("the lane pauses", words)
        for pause in seconds:
            self.warned("the lane pauses", words, f"seconds={pause}")
