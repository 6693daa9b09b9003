# SPDX-License-Identifier: MIT
"""What the tests of the fault catalogue share: usherd with one mail lane
before a relay that misbehaves, and the outcomes that a fault may have."""
import unittest

from house import HOUSE, Usher, wait_until
from smtp_peer import Peer


class FaultCase(unittest.TestCase):
    usher = None
    pool = None
    turn = 0

    @classmethod
    def setUpClass(cls):
        cls.usher = Usher(HOUSE, mail_carrier="smtp", mail_lanes=1,
                          smtp_reply_timeout=2, smtp_connect_timeout=2,
                          smtp_session_timeout=5).init()
        cls.pool = cls.usher.pool()

    def setUp(self):
        self.usher.sql("delete from usher.later; delete from usher.ready; "
                       "delete from usher.in_flight")

    def tearDown(self):
        self.usher.stop_all()
        self.peer.stop()

    def begin(self, count=1, settings=None, **answers):
        """Queues COUNT mails, starts usherd; answers their ids."""
        self.peer = Peer(**answers)
        self.usher.write(**{"smtp_port": self.peer.port, "smtp_user": "",
                            "smtp_tls": "auto", **(settings or {})})
        ids = []
        for _ in range(count):
            FaultCase.turn += 1
            ids.append(self.usher.invite_mail(self.pool, f"user{self.turn}"))
        self.usher.start()
        return ids

    def attempts(self, number):
        return self.usher.message(number)["history"]

    def first_class(self, number):
        history = wait_until(lambda: self.attempts(number), 15,
                             f"an attempt at {number}")
        return history[0]["class"]

    def lane_fault(self, number, words):
        """The lane paused, the message kept its attempts."""
        self.assertEqual(self.first_class(number), "LANE_FAULT")
        message = self.usher.message(number)
        self.assertEqual(message["attempts"], 0, message)
        self.assertIn(message["state"], ("retry", "sending"))
        self.assertIn(words, message["history"][0]["words"])
        self.usher.wait_logged("the lane pauses")
