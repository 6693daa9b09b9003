# SPDX-License-Identifier: MIT
"""What tests of the text lane share: usherd before a gateway that answers as
told, and the outcomes that this may have."""
import json
import os
import re
import unittest
import urllib.parse

from house import HOUSE, SOURCE, Usher, wait_until
from http_peer import Peer

SECRET = "gateway-Secret-4711"
GOOD = (200, '{"id": "m"}')


def profile_of(port, **members):
    """A gateway that answers with an id; MEMBERS replace or add."""
    return {"name": "fake", "url": f"http://127.0.0.1:{port}/send",
            "method": "POST",
            "headers": {"Authorization": "Bearer {secret}"},
            "json": {"to": "{to}", "text": "{text}"},
            "success": {"statuses": [{"status": 200}], "pointer": "/id"},
            "message_id": {"pointer": "/id"},
            "error_code": {"pointer": "/code"},
            "allow_private_addresses": True, **members,
            "limits": {"concurrency": 1, "connect_ms": 2000,
                       "total_ms": 1000, **members.get("limits", {})}}


def contrib(name, port):
    """The profile of contrib, turned to the peer."""
    with open(os.path.join(SOURCE, "contrib/gateways", name + ".json"),
              encoding="utf-8") as file:
        profile = json.load(file)
    profile["url"] = re.sub("https://[^/]+", f"http://127.0.0.1:{port}",
                            profile["url"])
    profile["allow_private_addresses"] = True
    profile["limits"]["concurrency"] = 1  # in the order of the answers
    return profile


class Lane(unittest.TestCase):
    usher = None
    pool = None
    turn = 0

    @classmethod
    def setUpClass(cls):
        HOUSE.note_login("gateway", SECRET)
        cls.usher = Usher(HOUSE, text_carrier="http").init()
        cls.usher.write(gateway_password_file=cls.usher.file(
            "secret", SECRET + "\n"))
        cls.usher.good("sandbox", "exit")
        cls.pool = cls.make_pool("{username} password {####} end")

    @classmethod
    def make_pool(cls, text):
        return cls.usher.pool(AdminCreateUserConfig={
            "InviteMessageTemplate": {"SMSMessage": text}})

    def setUp(self):
        self.usher.sql("delete from usher.later; delete from usher.ready; "
                       "delete from usher.lease")
        self.peer = Peer()

    def tearDown(self):
        self.usher.stop_all()
        self.peer.stop()
        for request in self.peer.requests:
            asked = urllib.parse.unquote_plus(request.target + request.body)
            for password in re.findall(r"password (\S+) end", asked):
                HOUSE.note_secret(password, "a temporary password")

    def set_profile(self, profile):
        self.usher.write(gateway_file=self.usher.file(
            "profile.json", json.dumps(profile)))

    def queue(self, pool=None, name="user"):
        Lane.turn += 1
        return self.usher.invite(pool or self.pool, f"{name}{self.turn}",
                                 phone_number=f"+4915100{self.turn:06}")[0]

    def begin(self, count=1, answer=GOOD, **members):
        """Queues COUNT messages, starts the lane; answers their ids."""
        self.peer.reply = answer
        self.set_profile(profile_of(self.peer.port, **members))
        ids = [self.queue() for _ in range(count)]
        self.usher.start("--role", "text")
        return ids

    def first(self, number):
        """What came of the first attempt."""
        history = wait_until(lambda: self.usher.message(number)["history"],
                             15, f"an attempt at {number}")
        return history[0]

    def lane_fault(self, number, words):
        """The lane paused, the message kept its attempts."""
        attempt = self.first(number)
        self.assertEqual(attempt["class"], "LANE_FAULT", attempt)
        self.assertIn(words, attempt["words"])
        message = self.usher.message(number)
        self.assertEqual(message["attempts"], 0, message)
        self.assertIn(message["state"], ("retry", "sending"))
        self.usher.wait_logged("the lane pauses")

    def ambiguous(self, number, words=""):
        message = self.usher.reaches(number, "held")
        attempt = message["history"][0]
        self.assertEqual(attempt["class"], "AMBIGUOUS", attempt)
        self.assertIn(words, attempt["words"])

    def fresh(self):
        """Between two parts of a test."""
        self.tearDown()
        self.setUp()
