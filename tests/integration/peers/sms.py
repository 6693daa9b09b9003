#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SMS through libcurl into a real Kannel; the sandbox; gateway profiles.

covers: delivery/gateway.c
covers: delivery/http.c
covers: delivery/sandbox.c
covers: delivery/text.c
"""
import glob
import hashlib
import http.server
import json
import os
import re
import sys
import threading
import unittest
import urllib.parse

sys.dont_write_bytecode = True

import gateway  # noqa: E402
import house  # noqa: E402
import http_peer  # noqa: E402
from house import HOUSE, SOURCE, wait_until  # noqa: E402

WHY_NOT = gateway.missing()


def password_of(text):
    """From the SMS of the usual template."""
    password = re.search(r"temporary password\s+(\S+)\s+It works", text)[1]
    HOUSE.note_secret(password, "a temporary password")
    return password


@unittest.skipIf(WHY_NOT, WHY_NOT)
class SmsCase(house.Case):
    kannel = None
    numbers = 5550100

    @classmethod
    def setUpClass(cls):
        if not SmsCase.kannel:
            SmsCase.kannel = gateway.Kannel()
        super().setUpClass()
        cls.usher.write(**cls.kannel.settings(cls.usher))
        cls.pool = cls.usher.pool()

    def number(self):
        SmsCase.numbers += 1
        return f"+1555{SmsCase.numbers}"

    def invite(self, username, number, pool=None):
        return self.usher.invite(pool or self.pool, username,
                                 phone_number=number)[0]


class Kannel(SmsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usher.good("sandbox", "exit")

    def test_gsm_7(self):
        to = self.number()
        pool = self.usher.pool("gsm", AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "SMSMessage": "é£$@_ {username}: your temporary password "
                              "{####} It works"}})
        number = self.invite("alice_1", to, pool)
        self.usher.start()
        message = self.kannel.wait_messages(to)[0]
        self.assertEqual(message.encoding, "gsm7")
        self.assertIsNone(message.header)
        self.assertIn("$@_ alice_1: your", message.text)
        self.assertGreaterEqual(len(password_of(message.text)), 16)
        record = self.usher.reaches(number, "sent")
        self.assertEqual(record["history"][0]["code"], 202)
        self.assertEqual(record["medium"], "SMS")
        self.assertNotIn(to, self.usher.logged())
        self.assertEqual(len(self.kannel.messages(to)), 1)

    def test_usual_template(self):
        to = self.number()
        self.invite("bob", to)
        self.usher.start()
        text = self.kannel.wait_text(to)
        self.assertTrue(text.startswith(
            "Sign in as bob with the temporary password\n"), text)
        password_of(text)

    def test_ucs_2(self):
        to = self.number()
        number = self.invite("Зоя", to)
        self.usher.start()
        self.usher.reaches(number, "sent")
        parts = self.kannel.wait_messages(to, 2)
        self.assertEqual({part.encoding for part in parts}, {"ucs2"})
        text = "".join(part.text for part in parts)
        self.assertIn("Sign in as Зоя with", text)
        password_of(text)

    def test_receipts_are_brought(self):
        """Kannel's own calls of the address that the profile gives it."""
        peer = http_peer.Peer((200, ""))
        self.addCleanup(peer.stop)
        self.usher.write(public_url=f"http://127.0.0.1:{peer.port}")
        self.addCleanup(self.usher.write, public_url="")
        to = self.number()
        number = self.invite("heidi", to)
        self.usher.start()
        password_of(self.kannel.wait_text(to))

        def states():
            calls = [urllib.parse.urlsplit(request.target)
                     for request in peer.requests]
            self.assertLessEqual({call.path for call in calls},
                                 {"/receipt/kannel"})
            return [dict(urllib.parse.parse_qsl(call.query))
                    for call in calls]
        wait_until(lambda: {"8", "1"} <= {
            state["status"] for state in states()}, 20, "Kannel's receipts")
        digest = hashlib.blake2b(f"receipt {gateway.PASSWORD}".encode(),
                                 digest_size=32)
        for state in states():
            self.assertRegex(state["key"], f"^{number}-[0-9a-f]{{20}}$")
            self.assertEqual(state["token"], digest.hexdigest()[:32])

    def test_three_parts(self):
        to = self.number()
        pool = self.usher.pool("long", AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "SMSMessage": "{username} {####}"}})
        number = self.invite("x" * 120 + "Ж", to, pool)
        self.usher.start()
        self.usher.reaches(number, "sent")
        parts = self.kannel.wait_messages(to, 3)
        self.assertEqual(len(parts), 3)
        for i, part in enumerate(parts):
            self.assertEqual(part.parts(), (i + 1, 3))
        text = "".join(part.text for part in parts)
        self.assertTrue(text.startswith("x" * 120 + "Ж "))
        HOUSE.note_secret(text.split(" ")[1], "a temporary password")

    def test_too_many_parts_are_refused(self):
        to = self.number()
        pool = self.usher.pool("longer", AdminCreateUserConfig={
            "InviteMessageTemplate": {"SMSMessage":
                                      "{username}{username}{username} "
                                      "{####}"}})
        number = self.invite("y" * 127 + "Ж", to, pool)
        self.usher.start()
        record = self.usher.reaches(number, "refused")
        self.assertIn("parts", record["reason"])
        self.assertEqual(self.kannel.messages(to), [])

    def test_wrong_password(self):
        to = self.number()
        wrong = "wrong-Gateway-99"
        HOUSE.note_secret(wrong, "a wrong gateway password")
        self.usher.file("gateway-password", wrong + "\n")
        try:
            number = self.invite("carol", to)
            self.usher.start()
            self.usher.wait_logged("the lane pauses")
        finally:
            self.usher.file("gateway-password", gateway.PASSWORD + "\n")
        self.assertIn("Authorization failed", self.usher.logged())
        record = self.usher.reaches(number, "retry")
        self.assertEqual(record["attempts"], 0)
        self.assertEqual(record["history"][0]["code"], 403)
        self.usher.daemons[-1].send_signal(house.signal.SIGHUP)
        self.usher.reaches(number, "sent")
        self.assertEqual(len(self.kannel.wait_messages(to)), 1)

    def test_gateway_away(self):
        to = self.number()
        self.kannel.stop_smsbox()
        try:
            number = self.invite("dave", to)
            self.usher.start()
            self.usher.wait_logged("the lane pauses")
            self.assertEqual(
                self.usher.reaches(number, "retry")["attempts"], 0)
            doctor = self.usher.run("doctor")
            self.assertEqual(doctor.status, 8)
            self.assertIn("the gateway does not answer", doctor.out)
        finally:
            self.kannel.start_smsbox()
        self.usher.reaches(number, "sent")
        self.assertEqual(len(self.kannel.wait_messages(to)), 1)
        self.assertIn("kannel answers", self.usher.good("doctor").out)

    def test_many_arrive_once(self):
        numbers = [self.number() for _ in range(40)]
        for to in numbers:
            self.invite(f"many{to}", to)
        self.usher.start()
        for to in numbers:
            password_of(self.kannel.wait_text(to))
        for to in numbers:
            self.assertEqual(len(self.kannel.messages(to)), 1)


class Sandbox(SmsCase):
    def test_verify_then_exit(self):
        status = self.usher.json("sandbox", "status")
        self.assertTrue(status["sandbox"])
        first, second = self.number(), self.number()
        held = self.invite("erin", first)
        other = self.invite("frank", second)
        self.usher.start()
        record = self.usher.reaches(held, "blocked")
        self.assertEqual(record["reason"], "sandbox")
        self.usher.good("sandbox", "add", first)
        code = re.search(r"\b(\d{6})\b",
                         self.kannel.wait_messages(first)[0].text)[1]
        wrong = self.usher.run("sandbox", "verify", first,
                               f"{(int(code) + 1) % 1000000:06}")
        self.assertEqual(wrong.status, 4)
        self.usher.good("sandbox", "verify", first, "--code-file", "-",
                        stdin=code.encode())
        self.usher.reaches(held, "sent")
        password_of(self.kannel.wait_text(first))
        self.assertEqual(self.usher.message(other)["state"], "blocked")
        self.assertEqual(self.kannel.messages(second), [])
        numbers = self.usher.json("sandbox", "list")["PhoneNumbers"]
        self.assertEqual(numbers, [{"PhoneNumber": first,
                                    "Status": "Verified"}])
        status = self.usher.json("sandbox", "status")
        self.assertEqual((status["verified_numbers"],
                          status["held_messages"]), (1, 1))
        self.assertEqual(self.usher.run("sandbox", "remove", first).status, 5)
        self.usher.good("sandbox", "exit")
        self.usher.reaches(other, "sent")
        password_of(self.kannel.wait_text(second))
        self.assertFalse(self.usher.json("sandbox", "status")["sandbox"])
        self.usher.good("sandbox", "enter")
        third = self.invite("grace", self.number())
        self.assertEqual(self.usher.message(third)["state"], "blocked")


class Answering(http.server.BaseHTTPRequestHandler):
    """Notes what it is asked and answers what the server was told to."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked.append((self.path, dict(self.headers),
                                  self.rfile.read(length).decode()))
        status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Profiles(house.Case):
    """Each profile of contrib against a server that answers as its gateway
    does."""

    secret = "profile-Secret-31337"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        HOUSE.note_login("gateway", cls.secret)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                     Answering)
        threading.Thread(target=cls.server.serve_forever,
                         daemon=True).start()
        cls.usher.good("sandbox", "exit")
        cls.usher.write(text_carrier="http", gateway_password_file=cls.usher
                        .file("secret", cls.secret + "\n"))
        cls.pool = cls.usher.pool()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.server.shutdown()
        cls.server.server_close()

    def ask(self, name, answers, username="anna"):
        """Sends one SMS an answer; the records, and what was asked first."""
        with open(os.path.join(SOURCE, "contrib/gateways", name + ".json"),
                  encoding="utf-8") as file:
            profile = json.load(file)
        port = self.server.server_port
        profile["url"] = re.sub("https://[^/]+", f"http://127.0.0.1:{port}",
                                profile["url"])
        profile["allow_private_addresses"] = True
        self.usher.write(gateway_file=self.usher.file(
            "profile.json", json.dumps(profile)))
        records = []
        self.server.asked = []
        for i, (state, answer) in enumerate(answers):
            self.server.answer = answer
            number = self.usher.invite(self.pool, f"{name}-{username}-{i}",
                                       phone_number=f"+155555502{i:02}")[0]
            daemon = self.usher.start("--role", "text")
            records.append(self.usher.reaches(number, state))
            self.usher.stop(daemon)
            self.usher.run("queue", "cancel", str(number))
        path, headers, body = self.server.asked[0]
        found = re.search("password[^A-Za-z]*?(?:%0A|\\\\n|\\+)(\\S+?)"
                          "(?:%0A|\\\\n)", body)
        if found:
            HOUSE.note_secret(found[1], "a temporary password")
        return records, path, headers, body

    def test_all_are_read(self):
        names = glob.glob(os.path.join(SOURCE, "contrib/gateways/*.json"))
        self.assertGreaterEqual(len(names), 4)
        for path in names:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            local = re.sub(r"https?://[^/\"]+", "http://127.0.0.1:1", text)
            self.usher.write(gateway_file=self.usher.file("one.json", local))
            doctor = self.usher.run("doctor", "--json")
            gateways = [check for check in doctor.json()
                        if check["check"] == "gateway"]
            self.assertRegex(gateways[0]["words"],
                             "does not answer|not allowed|cannot", path)
            self.assertNotIn("gateway profile", gateways[0]["words"], path)

    def test_generic_json(self):
        records, _, headers, body = self.ask("generic-json", [
            ("sent", (200, '{"id": "m-1"}')),
            ("refused", (400, '{"error": {"code": "opted_out", "message": '
                              '"has opted out"}}')),
            ("retry", (401, '{"error": {"code": "unauthorized"}}')),
            ("retry", (200, '{"id": '))])
        self.assertEqual(records[0]["remote_id"], "m-1")
        self.assertEqual(headers["Authorization"], f"Bearer {self.secret}")
        asked = json.loads(body)
        self.assertEqual(asked["to"], "+15555550200")
        self.assertEqual(asked["encoding"], "gsm7")
        self.assertEqual(headers["Idempotency-Key"], asked["reference"])
        self.assertIn("has opted out", records[1]["reason"])
        self.assertEqual(records[2]["attempts"], 0)
        self.assertEqual(records[3]["history"][0]["class"], "AMBIGUOUS")

    def test_twilio(self):
        records, _, headers, body = self.ask("twilio", [
            ("sent", (201, '{"sid": "SM1", "status": "queued"}')),
            ("refused", (400, '{"code": 21211, "message": "not valid"}')),
            ("retry", (429, '{"code": 20429, "message": "too many"}')),
            ("held", (201, 'no json'))])
        self.assertEqual(records[0]["remote_id"], "SM1")
        self.assertTrue(headers["Authorization"].startswith("Basic "))
        self.assertIn("To=%2B15555550200&", body)
        self.assertEqual(records[2]["attempts"], 0)

    def test_vonage(self):
        records, _, _, body = self.ask("vonage", [
            ("sent", (200, '{"messages": [{"status": "0", "message-id": '
                           '"v1"}]}')),
            ("retry", (200, '{"messages": [{"status": "9", "error-text": '
                            '"no credit"}]}')),
            ("refused", (200, '{"messages": [{"status": "6"}]}'))], "Зоя")
        self.assertEqual(records[0]["remote_id"], "v1")
        self.assertIn("to=15555550200&", body)
        self.assertIn("type=unicode", body)
        self.assertIn("no credit", records[1]["reason"])
        self.assertEqual(records[1]["attempts"], 0)


def tearDownModule():
    if SmsCase.kannel:
        SmsCase.kannel.stop()


if __name__ == "__main__":
    house.main()
