#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gateways tell later: Kannel's own receipts, and calls in odd orders,
forged or broken; a test of a fault carries its number in FAULTS.md.

covers: delivery/receipt.c
covers: delivery/receipt_read.c
covers: routes.c
"""
import http.client
import itertools
import json
import os
import re
import sys
import unittest
import urllib.parse

sys.dont_write_bytecode = True

import gateway  # noqa: E402
import house  # noqa: E402
import http_peer  # noqa: E402
from house import HOUSE, SLOW, SOURCE, wait_until  # noqa: E402
from postgres import Server  # noqa: E402

WHY_NOT = gateway.missing()
SECRET = "receipts-Secret-8086"
NAMES = itertools.count(5550100)

BY_ID = {
    "name": "by-id", "method": "POST", "json": {
        "to": "{to}", "text": "{text}", "callback": "{callback_url}",
        "token": "{receipt_token}"},
    "success": {}, "message_id": {"pointer": "/id"}, "ambiguous": "retry",
    "allow_private_addresses": True,
    "receipt": {
        "list": "/reports", "id": {"pointer": "/id"},
        "status": {"pointer": "/state"}, "code": {"pointer": "/code"},
        "text": {"pointer": "/words"}, "secret": {"header": "X-Token"},
        "statuses": {"ok": "delivered", "bad": "failed", "slow": "delayed"}},
}


def call(url, body=None, headers=None):
    """A call as a gateway makes it; the status and what was answered."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20 * SLOW)
    connection.request("GET" if body is None else "POST",
                       f"{parts.path}?{parts.query}", body, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


class ReceiptCase(house.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.listen()
        cls.usher.good("sandbox", "exit")
        cls.pool = cls.usher.pool()

    @classmethod
    def listen(cls):
        port = HOUSE.port()
        cls.url = f"http://127.0.0.1:{port}"
        cls.usher.write(listen=f"127.0.0.1:{port}", public_url=cls.url)

    def start(self, *words):
        self.usher.start(*words)
        wait_until(self.answers, 15, "the listener answers")

    def answers(self):
        try:
            return call(f"{self.url}/healthz")[0] == 200
        except OSError:
            return False

    def invite(self):
        name = next(NAMES)
        return self.usher.invite(self.pool, f"user{name}",
                                 phone_number=f"+1555{name}")[0]

    def count(self, name):
        text = call(f"{self.url}/metrics")[1]
        return int(re.search(rf"^{name} (\d+)$", text, re.M)[1])

    def counts(self):
        return (self.count("usher_receipts_total"),
                self.count("usher_receipts_refused_total"))

    def state(self, number):
        return self.usher.message(number)["state"]

    def receipts(self, number):
        return [receipt["state"] for receipt in
                self.usher.message(number)["receipts"]]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Kannel(ReceiptCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kannel = gateway.Kannel()
        cls.addClassCleanup(cls.kannel.stop)
        cls.usher.write(**cls.kannel.settings(cls.usher))

    def test_delivered(self):
        self.start()
        number = self.usher.invite(self.pool, "alice",
                                   phone_number="+15555559001")[0]
        message = self.usher.reaches(number, "delivered")
        receipt, = message["receipts"]
        self.assertEqual((receipt["source"], receipt["state"]),
                         ("kannel", "delivered"))
        self.assertFalse(message["has_secret"])
        self.assertRegex(self.usher.good("queue", "show", str(number)).out,
                         r"(?m)^state: delivered$(.|\n)*"
                         r"^receipt at \S+ from kannel: delivered")
        user = self.usher.json("user", "show", "alice", "--pool", self.pool)
        self.assertEqual([entry["state"] for entry in user["Messages"]],
                         ["delivered"])
        self.assertIn("delivered", self.usher.good(
            "user", "show", "alice", "--pool", self.pool).out)
        self.assertEqual([entry["id"] for entry in self.usher.json(
            "queue", "list", "--state", "delivered")], [number])
        self.assertEqual(self.usher.json("queue", "list", "--state", "sent"),
                         [])
        self.assertRegex(self.usher.good("queue").out, r"(?m)^delivered +1$")
        self.assertEqual(self.counts(), (1, 0))
        self.assertEqual([attempt["class"] for attempt in
                          message["history"]], ["ACCEPTED"])
        self.kannel.wait_text("+15555559001")

    def test_many(self):
        self.start()
        before = self.counts()[0]
        numbers = [self.invite() for _ in range(60)]
        for number in numbers:
            self.usher.reaches(number, "delivered", 40)
            self.assertEqual(self.receipts(number), ["delivered"])
        self.assertEqual(self.counts(), (before + 60, 0))

    def test_no_listener_no_receipt(self):
        """Without public_url none is asked for."""
        self.usher.write(public_url="")
        self.addCleanup(self.usher.write, public_url=self.url)
        self.start()
        number = self.invite()
        self.usher.reaches(number, "sent")
        with open(os.path.join(self.kannel.folder, "smsbox.log"),
                  encoding="utf-8", errors="replace") as file:
            self.assertNotIn("receipt/kannel?key=" + str(number), file.read())


class PeerCase(ReceiptCase):
    """A peer that brings receipts when told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        HOUSE.note_login("usher", SECRET)
        cls.usher.write(text_carrier="http", gateway_password_file=cls.usher
                        .file("secret", SECRET + "\n"))

    def setUp(self):
        self.asked = {}
        self.before = None
        self.peer = http_peer.Peer(self.take)
        self.addCleanup(self.peer.stop)

    def use(self, profile):
        self.usher.write(gateway_file=self.usher.file(
            "gateway.json", json.dumps(profile)))

    def take(self, _, request):
        raise NotImplementedError

    def sent(self):
        number = self.invite()
        self.usher.reaches(number, "sent")
        return number


class ByHand(PeerCase):
    """Kannel's profile."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(SOURCE, "contrib/gateways/kannel.json"),
                  encoding="utf-8") as file:
            profile = json.load(file)
        profile["url"] = f"http://127.0.0.1:{self.peer.port}/send"
        self.use(profile)

    def take(self, _, request):
        query = dict(urllib.parse.parse_qsl(
            urllib.parse.urlsplit(request.target).query))
        url = query["dlr-url"].replace("%F", "kannel-id")
        number = int(re.search(r"[?&]key=(\d+)-", url)[1])
        self.asked[number] = url
        if self.before:
            self.before(number)
        return 202, "0: Accepted for delivery"

    def tell(self, number, status, **changes):
        """A receipt of Kannel's; CHANGES replace fields of the address, and
        None takes one out."""
        url = urllib.parse.urlsplit(
            self.asked[number].replace("%d", str(status)))
        fields = dict(urllib.parse.parse_qsl(url.query), **changes)
        query = urllib.parse.urlencode(
            {name: value for name, value in fields.items()
             if value is not None})
        return call(url._replace(query=query).geturl())

    def test_49_before_the_settle(self):
        def before(number):
            self.assertEqual(self.state(number), "sending")
            told.append(self.tell(number, 1))
        told = []
        self.before = before
        self.start()
        number = self.invite()
        message = self.usher.reaches(number, "delivered")
        self.assertEqual(told, [(200, "{}")])
        self.assertEqual(self.receipts(number), ["delivered"])
        self.assertEqual(message["history"][0]["class"], "ACCEPTED")

    def test_49_before_an_answer_that_is_lost(self):
        """Else a person would have to decide what is known."""
        def before(number):
            self.tell(number, 1)
            raise http_peer.Close
        self.before = before
        self.start()
        number = self.invite()
        message = self.usher.reaches(number, "delivered")
        self.assertEqual(message["history"][0]["class"], "AMBIGUOUS")
        self.assertFalse(message["has_secret"])

    def test_49_behind_an_answer_that_was_lost(self):
        def before(number):
            raise http_peer.Close
        self.before = before
        self.start()
        number = self.invite()
        self.usher.reaches(number, "held")
        self.tell(number, 4)
        self.assertEqual(self.state(number), "held")
        self.tell(number, 2)
        message = self.usher.reaches(number, "bounced")
        self.assertFalse(message["has_secret"])

    def test_49_never_back(self):
        self.start()
        for statuses, state, kept in (
                ((8, 4, 1), "delivered", ["delayed", "delivered"]),
                ((1, 4, 8, 1), "delivered", ["delivered", "delayed"]),
                ((2, 1, 4), "bounced", ["bounced", "delivered", "delayed"]),
                ((1, 2, 1), "bounced", ["delivered", "bounced"]),
                ((16, 16, 16), "bounced", ["bounced"]),
                ((32, 0, "", "x", "99999999999"), "sent", [])):
            with self.subTest(statuses=statuses):
                number = self.sent()
                for status in statuses:
                    answered = self.tell(number, status)[0]
                    self.assertEqual(answered, 400 if status == "" else 200)
                self.assertEqual(self.state(number), state)
                self.assertEqual(self.receipts(number), kept)

    def test_50_forged(self):
        self.start()
        number, other = self.sent(), self.sent()
        key = re.search("key=([^&]+)", self.asked[number])[1]
        theirs = re.search("key=([^&]+)", self.asked[other])[1]
        taken, refused = self.counts()
        for status, words, changes in (
                (403, "secret", {"token": None}),
                (403, "secret", {"token": ""}),
                (403, "secret", {"token": "0" * 32}),
                (403, "secret", {"token": SECRET}),
                (400, "message", {"key": None, "id": None}),
                (400, "message", {"key": "", "id": ""}),
                (200, "", {"key": key[:-1] + ("0" if key[-1] != "0"
                                              else "1")}),
                (200, "", {"key": key.replace(f"{number}-", "424242-")}),
                (200, "", {"key": theirs.replace(f"{other}-",
                                                 f"{number}-")}),
                (200, "", {"key": key.upper() + "'; drop table message"})):
            with self.subTest(changes=changes):
                answered, text = self.tell(number, 1, **changes)
                refused += 1
                self.assertEqual(answered, status, text)
                self.assertIn(words, text)
                self.assertEqual(self.counts(), (taken, refused))
        self.assertEqual(self.state(number), "sent")
        self.assertEqual(self.receipts(number), [])
        self.assertIn("a receipt is refused", self.usher.logged())
        self.tell(number, 1)
        self.assertEqual(self.counts(), (taken + 1, refused))
        self.assertEqual(self.state(number), "delivered")
        self.assertEqual(self.state(other), "sent")

    def test_50_unknown_gateway(self):
        self.start()
        number = self.sent()
        for name in ("twilio", "kannel2", "kannel/", "Kannel", "kannel/x"):
            url = self.asked[number].replace("/kannel?", f"/{name}?")
            self.assertEqual(call(url.replace("%d", "1"))[0], 404, name)
        self.assertEqual(self.state(number), "sent")

    def test_form_in_the_body(self):
        self.start()
        number = self.sent()
        url = urllib.parse.urlsplit(self.asked[number].replace("%d", "1"))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _ = call(url._replace(query="").geturl(), url.query, {})
        self.assertEqual(status, 403)
        status, text = call(url._replace(query="").geturl(), url.query, form)
        self.assertEqual(status, 200, text)
        self.assertEqual(self.state(number), "delivered")

    def test_user_was_deleted(self):
        """Only what became of it is noted, nothing that may tell of whom."""
        self.start()
        name = next(NAMES)
        number = self.usher.invite(self.pool, f"gone{name}",
                                   phone_number=f"+1555{name}")[0]
        self.usher.reaches(number, "sent")
        self.tell(number, 4)
        self.usher.good("user", "delete", f"gone{name}", "--pool", self.pool)
        self.tell(number, 1)
        self.assertEqual(self.state(number), "delivered")
        self.assertEqual(self.usher.sql(
            "select state, words, remote_id from usher.receipt where "
            f"message_id = {number} order by id"), "delayed||\ndelivered||")

    def test_retry_of_a_bounced_one(self):
        self.start()
        number = self.sent()
        self.tell(number, 2)
        result = self.usher.run("queue", "retry", str(number))
        self.assertEqual(result.status, 5, result)
        self.assertIn("resend", result.err)

    def test_profile_without_receipts(self):
        with open(self.usher.settings["gateway_file"],
                  encoding="utf-8") as file:
            profile = json.load(file)
        del profile["receipt"]
        self.use(profile)
        self.start()
        number = self.sent()
        status, text = self.tell(number, 1)
        self.assertEqual(status, 400)
        self.assertIn("has no receipt", text)

    def test_profile_without_secret(self):
        """Our key proves itself; a name of the gateway's proves nothing."""
        with open(self.usher.settings["gateway_file"],
                  encoding="utf-8") as file:
            profile = json.load(file)
        del profile["receipt"]["secret"]
        self.use(profile)
        self.start()
        number, other = self.sent(), self.sent()
        _, refused = self.counts()
        self.assertEqual(self.tell(other, 1, key=None, token=None)[0], 200)
        self.assertEqual(self.counts()[1], refused + 1)
        self.assertEqual(self.tell(number, 1, token=None)[0], 200)
        self.assertEqual(self.state(number), "delivered")
        self.assertEqual(self.state(other), "sent")


class ById(PeerCase):
    """A gateway that knows messages by its own names alone."""

    def setUp(self):
        super().setUp()
        self.use({**BY_ID, "url": f"http://127.0.0.1:{self.peer.port}/"})

    def take(self, _, request):
        asked = json.loads(request.body)
        self.asked[asked["to"]] = asked
        name = "m" + asked["to"]
        if self.before:
            self.before(asked, name)
        return 200, json.dumps({"id": name})

    def tell(self, asked, *reports, token=True):
        return call(asked["callback"], json.dumps({"reports": reports}), {
            "Content-Type": "application/json",
            **({"X-Token": asked["token"]} if token else {})})

    def test_49_before_the_settle(self):
        def before(asked, name):
            told.append(self.tell(asked, {"id": name, "state": "ok"}))
        told = []
        self.before = before
        self.start()
        number = self.invite()
        message = self.usher.reaches(number, "delivered")
        self.assertEqual(told, [(200, "{}")])
        self.assertTrue(message["remote_id"].startswith("m+1555"))
        self.assertEqual(self.receipts(number), ["delivered"])
        self.assertEqual(self.usher.sql(
            "select count(*) from usher.receipt where message_id is null"),
            "0")

    def test_list(self):
        self.start()
        numbers = [self.sent() for _ in range(3)]
        names = [self.usher.message(number)["remote_id"]
                 for number in numbers]
        asked = next(iter(self.asked.values()))
        taken, _ = self.counts()
        status, _ = self.tell(
            asked, {"id": names[0], "state": "ok"}, {"nothing": 1},
            {"id": names[1], "state": "bad", "code": 27,
             "words": "absent\u0007 subscriber"}, {"id": "stranger"}, 7,
            {"id": names[2], "state": "odd"})
        self.assertEqual(status, 200)
        self.assertEqual([self.state(number) for number in numbers],
                         ["delivered", "bounced", "sent"])
        self.assertEqual(self.counts()[0], taken + 2)
        receipt, = self.usher.message(numbers[1])["receipts"]
        self.assertEqual(receipt["code"], "27")
        self.assertNotIn("\x07", receipt["words"])
        self.assertEqual(self.tell(asked, token=False)[0], 403)
        for body in ("", "[]", "{}", "{", "null", '{"reports": {}}',
                     '{"reports": [[[[]]]]}', "[" * 10000):
            status, _ = call(asked["callback"], body,
                             {"X-Token": asked["token"]})
            self.assertEqual(status, 400, body[:20])


class DatabaseAway(PeerCase):
    """The gateway must learn that it has to come again."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server().make().start()
        cls.settings = {"database": cls.server.database()}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.server.remove()

    take = ById.take
    tell = ById.tell

    def test_come_again(self):
        self.use({**BY_ID, "url": f"http://127.0.0.1:{self.peer.port}/"})
        self.start("--role", "text", "--role", "http")
        number = self.sent()
        asked, = self.asked.values()
        report = {"id": self.usher.message(number)["remote_id"],
                  "state": "ok"}
        self.server.crash()
        status, text = self.tell(asked, report)
        self.assertEqual(status, 503, text)
        self.assertIn("the database cannot be reached", text)
        self.server.start()
        wait_until(lambda: self.tell(asked, report)[0] == 200, 15,
                   "the receipt is taken")
        self.assertEqual(self.state(number), "delivered")


if __name__ == "__main__":
    house.main()
