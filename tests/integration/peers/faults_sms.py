#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The text lane against a gateway that misbehaves: the outcome that each
fault of the catalogue must have; a test carries the fault's number.

covers: delivery/http.c
covers: usherd.c
"""
import datetime
import email.utils
import json
import re
import signal
import sys
import urllib.parse

sys.dont_write_bytecode = True

from house import HOUSE, main  # noqa: E402
from http_peer import Close, Peer, hang_up, nth  # noqa: E402
from sms_case import GOOD, SECRET, Lane, contrib, profile_of  # noqa: E402


class Faults(Lane):
    def test_36_vonage_refuses_with_200(self):
        cases = (("1", "THROTTLED", "retry"), ("9", "LANE_FAULT", "retry"),
                 ("6", "REFUSED", "refused"))
        for status, kind, state in cases:
            with self.subTest(status=status):
                self.peer.reply = (200, json.dumps({"messages": [
                    {"status": status, "error-text": "told so"}]}))
                self.set_profile(contrib("vonage", self.peer.port))
                number = self.queue()
                daemon = self.usher.start("--role", "text")
                attempt = self.usher.reaches(number, state)["history"][0]
                self.usher.stop(daemon)
                self.usher.run("queue", "cancel", str(number))
                self.assertEqual(attempt["class"], kind)
                self.assertEqual(attempt["code"], 200)
                self.assertIn("told so", attempt["words"])

    def test_36_infobip_rejects_with_200(self):
        self.peer.reply = nth(1, (200, json.dumps({"messages": [{"status": {
            "groupId": 5, "groupName": "REJECTED",
            "description": "Prefix missing"}}]})), (200, json.dumps(
                {"messages": [{"messageId": "x", "status": {
                    "groupId": 1}}]})))
        self.set_profile(contrib("infobip", self.peer.port))
        refused, sent = self.queue(), self.queue()
        self.usher.start("--role", "text")
        record = self.usher.reaches(refused, "refused")
        self.assertIn("Prefix missing", record["reason"])
        self.assertEqual(self.usher.reaches(sent, "sent")["remote_id"], "x")

    def test_37_retry_after(self):
        date = email.utils.format_datetime(
            datetime.datetime.now(datetime.timezone.utc) +
            datetime.timedelta(seconds=1000), usegmt=True)
        for value, least, most in (("1000", 900, 1000), (date, 900, 1000),
                                   ("315360000", 3500, 3600)):
            with self.subTest(value=value):
                number, = self.begin(answer=(429, "", {"Retry-After": value}))
                self.assertEqual(self.first(number)["class"], "THROTTLED")
                self.usher.wait_logged("the carrier asks for less")
                seconds = int(re.search(r"for less.* seconds=(\d+)",
                                        self.usher.logged())[1])
                self.assertTrue(least < seconds <= most, seconds)
                self.assertEqual(self.usher.message(number)["attempts"], 0)
                self.fresh()

    def test_37_absurd_retry_after_is_no_day(self):
        for value in ("-5", "0", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"):
            with self.subTest(value=value):
                number, = self.begin(answer=nth(
                    1, (429, "", {"Retry-After": value}), GOOD))
                self.usher.reaches(number, "sent")
                self.assertEqual(self.first(number)["class"], "THROTTLED")
                self.fresh()

    def test_38_unavailable_without_header(self):
        number, other = self.begin(2, answer=nth(1, (503, "busy"), GOOD))
        self.usher.reaches(other, "sent")
        record = self.usher.reaches(number, "retry")
        self.assertEqual(record["history"][0]["code"], 503)
        self.assertEqual(record["history"][0]["class"], "RETRY")
        self.assertEqual(record["attempts"], 1)

    def test_38_unavailable_for_a_while(self):
        number, = self.begin(answer=nth(
            1, (503, "busy", {"Retry-After": "1"}), GOOD))
        record = self.usher.reaches(number, "sent")
        self.assertEqual(record["history"][0]["class"], "THROTTLED")
        self.assertEqual(record["attempts"], 1)

    def test_39_credentials_and_balance(self):
        for status in (401, 402, 403):
            with self.subTest(status=status):
                ids = self.begin(3, answer=(status, "no"))
                self.lane_fault(ids[0], f"HTTP {status}: no")
                self.fresh()

    def test_40_one_wrong_number(self):
        ids = self.begin(6, answer=nth(3, (400, "bad number"), GOOD))
        self.assertIn("bad number",
                      self.usher.reaches(ids[2], "refused")["reason"])
        for number in ids[:2] + ids[3:]:
            self.usher.reaches(number, "sent")

    def test_40_all_are_wrong(self):
        ids = self.begin(8, answer=(400, "bad sender"))
        self.lane_fault(ids[4], "bad sender")
        # That one waits; by now the others may have been tried again.
        for number in ids[:4]:
            self.assertEqual(self.usher.message(number)["state"], "refused")

    def test_41_success_without_proof(self):
        for body in ('{"id": ', "", "<html>Sign in to the hotel</html>",
                     "{}", '{"id": null}'):
            with self.subTest(body=body):
                number, = self.begin(answer=(200, body))
                self.ambiguous(number)
                self.usher.stop_all()

    def test_41_less_than_was_said(self):
        number, = self.begin(answer=b'HTTP/1.1 200 ok\r\nContent-Length: 99'
                                    b'\r\n\r\n{"id": "m"}')
        self.ambiguous(number)

    def endless(self, head, piece):
        """How many bytes the lane took of an answer without end."""
        taken = []

        def pour(_, request):
            request.conn.sendall(head)
            try:
                while True:
                    taken.append(request.conn.send(piece))
            except OSError:
                return b""
        number, = self.begin(answer=pour, limits={"total_ms": 20000})
        self.ambiguous(number, "too long")
        return sum(taken)

    def test_42_a_gigabyte(self):
        self.assertLess(self.endless(
            b"HTTP/1.1 200 ok\r\nContent-Length: 1000000000\r\n\r\n",
            b"x" * 65536), 50 << 20)

    def test_42_endless_chunks(self):
        self.assertLess(self.endless(
            b"HTTP/1.1 200 ok\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b"x" * 4096 + b"\r\n"), 50 << 20)

    def test_43_hangs_before_headers(self):
        number, = self.begin(answer=None)
        self.ambiguous(number, "timed out")

    def test_43_hangs_after_headers(self):
        def stall(_, request):
            request.conn.sendall(b"HTTP/1.1 200 ok\r\nContent-Length: 11\r\n"
                                 b"\r\n{")
        number, = self.begin(answer=stall)
        self.ambiguous(number, "timed out")

    def test_44_kept_connection_closed_without_answer(self):
        """libcurl would send the POST again on a new one."""
        ids = self.begin(3, answer=nth(2, hang_up, GOOD))
        self.ambiguous(ids[1])
        self.usher.reaches(ids[0], "sent")
        self.usher.reaches(ids[2], "sent")
        sessions = [request.session for request in self.peer.requests]
        self.assertEqual(sessions[:2], [1, 1], "it was a kept one")
        self.assertEqual(len(sessions), 3)

    def test_44_get(self):
        ids = self.begin(3, answer=nth(2, hang_up, GOOD), method="GET",
                         json=None, query={"to": "{to}", "text": "{text}"})
        self.ambiguous(ids[1])
        self.usher.reaches(ids[2], "sent")
        self.assertEqual(len(self.peer.requests), 3)

    def test_44_gateway_dies_with_the_request(self):
        """That libcurl cannot connect again says nothing of what it sent."""
        def die(count, request):
            self.peer.stop()
            raise Close
        ids = self.begin(2, answer=nth(2, die, GOOD))
        self.ambiguous(ids[1])
        self.usher.reaches(ids[0], "sent")
        sessions = [request.session for request in self.peer.requests]
        self.assertEqual(sessions, [1, 1], "it was a kept one")

    def test_45_redirect(self):
        other = Peer()
        self.addCleanup(other.stop)
        for status in (301, 302, 307, 308):
            with self.subTest(status=status):
                number, = self.begin(answer=(status, "", {
                    "Location": f"http://127.0.0.1:{other.port}/send"}))
                self.lane_fault(number, f"HTTP {status}")
                self.fresh()
        self.assertEqual(other.sessions, 0)

    def test_46_private_addresses(self):
        for host in ("127.0.0.1", "localhost", "2130706433",
                     "[::ffff:127.0.0.1]", "169.254.169.254",
                     "[64:ff9b::a9fe:a9fe]", "[fe80::1]", "[fd00::1]"):
            with self.subTest(host=host):
                number, = self.begin(
                    url=f"http://{host}:{self.peer.port}/send",
                    allow_private_addresses=False)
                self.lane_fault(number, "address is private")
                self.fresh()
        self.assertEqual(self.peer.sessions, 0)

    def test_47_proxy_down(self):
        number, = self.begin(proxy=f"http://127.0.0.1:{HOUSE.port()}")
        self.lane_fault(number, "connect")
        self.assertEqual(self.peer.sessions, 0)

    def test_47_proxy_refuses(self):
        proxy = Peer((407, "who are you?"))
        self.addCleanup(proxy.stop)
        number, = self.begin(url="https://gateway.example/send",
                             proxy=f"http://127.0.0.1:{proxy.port}")
        self.lane_fault(number, "407")
        self.assertEqual(proxy.requests[0].target, "gateway.example:443")
        self.assertEqual(proxy.requests[0].headers["user-agent"], "usher")

    def test_47_by_a_proxy(self):
        number, = self.begin(url="http://gateway.example/send",
                             proxy=f"http://127.0.0.1:{self.peer.port}",
                             allow_private_addresses=False)
        self.usher.reaches(number, "sent")
        self.assertEqual(self.peer.requests[0].target,
                         "http://gateway.example/send")

    def test_48_conflict_of_our_key(self):
        number, = self.begin(answer=nth(1, None, (409, '{"id": "kept"}')),
                             idempotency={"header": "Idempotency-Key"})
        self.assertEqual(self.first(number)["class"], "AMBIGUOUS")
        self.usher.reaches(number, "retry")
        self.usher.good("queue", "retry", str(number))
        self.assertEqual(self.usher.reaches(number, "sent")["remote_id"],
                         "kept")
        keys = {request.headers["idempotency-key"]
                for request in self.peer.requests}
        self.assertEqual(len(keys), 1)
        self.assertEqual(len(self.peer.requests), 2)

    def test_48_conflict_without_a_key(self):
        number, = self.begin(answer=(409, "conflict"))
        self.usher.reaches(number, "refused")

    def test_51_not_gsm(self):
        pool = self.make_pool("Зоя {username} password {####} end")
        self.set_profile(profile_of(self.peer.port, not_gsm="refuse"))
        number = self.queue(pool)
        daemon = self.usher.start("--role", "text")
        self.assertIn("GSM 7-bit",
                      self.usher.reaches(number, "refused")["reason"])
        self.assertEqual(self.peer.requests, [])
        self.usher.stop(daemon)
        self.set_profile(profile_of(self.peer.port))
        number = self.queue(pool)
        self.usher.start("--role", "text")
        self.usher.reaches(number, "sent")
        text = json.loads(self.peer.requests[0].body)["text"]
        self.assertTrue(text.startswith("Зоя user"), "it goes as it is")

    def test_51_too_many_parts(self):
        pool = self.make_pool("x" * 100 + "{username} password {####} end")
        self.set_profile(profile_of(self.peer.port, limits={"parts": 1}))
        number = self.queue(pool, "y" * 60)
        self.usher.start("--role", "text")
        self.assertIn("2 parts",
                      self.usher.reaches(number, "refused")["reason"])
        self.assertEqual(self.peer.requests, [])

    def test_52_sandbox_is_looked_at_again(self):
        """It was entered after the message was queued."""
        self.set_profile(profile_of(self.peer.port))
        number = self.queue()
        self.assertEqual(self.usher.message(number)["state"], "queued")
        self.usher.good("sandbox", "enter")
        self.addCleanup(self.usher.run, "sandbox", "exit")
        self.usher.start("--role", "text")
        self.assertEqual(self.usher.reaches(number, "blocked")["reason"],
                         "sandbox")
        self.assertEqual(self.peer.requests, [])
        self.usher.good("sandbox", "exit")
        self.usher.reaches(number, "sent")

    def test_74_reload_with_a_bad_profile(self):
        number, = self.begin()
        self.usher.reaches(number, "sent")
        good = profile_of(self.peer.port)
        self.set_profile({**good, "limts": {}})
        self.usher.daemons[-1].send_signal(signal.SIGHUP)
        self.usher.wait_logged("the old ones hold")
        self.assertIn("'limts'", self.usher.logged())
        self.usher.reaches(self.queue(), "sent")
        self.assertNotIn("settings are read again", self.usher.logged())
        self.set_profile({**good, "headers": {"X-New": "yes"}})
        self.usher.daemons[-1].send_signal(signal.SIGHUP)
        self.usher.wait_logged("settings are read again")
        self.usher.reaches(self.queue(), "sent")
        self.assertEqual(self.peer.requests[-1].headers["x-new"], "yes")

    def test_75_new_secret(self):
        newer = "newer-Secret-0815"
        HOUSE.note_login("newer", newer)
        self.addCleanup(self.usher.file, "secret", SECRET + "\n")

        def check(_, request):
            known = request.headers["authorization"] == f"Bearer {newer}"
            return GOOD if known else (401, "no")
        number, = self.begin(answer=check)
        self.lane_fault(number, "HTTP 401")
        self.usher.file("secret", newer + "\n")
        self.usher.daemons[-1].send_signal(signal.SIGHUP)
        self.usher.reaches(number, "sent")

    def test_75_a_reload_ends_a_long_rest(self):
        number, = self.begin(answer=nth(
            1, (429, "", {"Retry-After": "3000"}), GOOD))
        self.usher.wait_logged("the carrier asks for less")
        self.usher.daemons[-1].send_signal(signal.SIGHUP)
        self.usher.reaches(number, "sent")

    def test_77_nothing_secret_is_shown(self):
        """A gateway that answers with all that it was asked."""
        self.usher.write(log_level="debug")
        self.addCleanup(self.usher.write, log_level="info")

        def echo(count, request):
            return (400 if count == 1 else 200, " ".join(
                (urllib.parse.unquote_plus(request.target), request.target)))
        ids = self.begin(2, answer=echo, method="GET", json=None, headers={},
                         query={"key": "{secret}", "text": "{text}"})
        self.usher.reaches(ids[0], "refused")
        self.usher.reaches(ids[1], "held")
        self.usher.stop_all()
        shown = self.usher.logged() + json.dumps(
            [self.usher.message(number) for number in ids])
        password = re.search(r"password (\S+) end", urllib.parse.unquote_plus(
            self.peer.requests[0].target))[1]
        self.assertIn("password **** end", shown)
        for secret in (password, urllib.parse.quote(password, ""), SECRET):
            self.assertNotIn(secret, shown)

    def test_77_no_address_with_credentials(self):
        number, = self.begin(
            url=f"http://127.0.0.1:{HOUSE.port()}/s?key={{secret}}",
            method="GET", json=None)
        self.lane_fault(number, "connect")
        self.assertNotIn("key=", self.usher.logged())
        self.assertNotIn("key=", json.dumps(self.usher.message(number)))


if __name__ == "__main__":
    main()
