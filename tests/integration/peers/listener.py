#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What usherd answers by HTTP: health, readiness, metrics, and bad requests.

covers: api/listener.c
covers: delivery/metrics.c
covers: routes.c
"""
import http.client
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
from house import HOUSE, SLOW, wait_until  # noqa: E402
from postgres import Server  # noqa: E402
from prometheus import Metrics  # noqa: E402
from smtp_peer import Peer  # noqa: E402

BODY_MOST = 1024 * 1024
PER_ADDRESS_MOST = 256


class ListenerCase(house.Case):
    settings = {"mail_lanes": 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = HOUSE.port()
        cls.usher.write(listen=f"127.0.0.1:{cls.port}",
                        listen_per_address=PER_ADDRESS_MOST)

    def start(self, *words):
        self.usher.start(*words)
        wait_until(lambda: self.ask("/healthz").status == 200, 15,
                   "the listener answers")

    def connect(self, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), 10 * SLOW,
                                        (source, 0))

    def ask(self, path, method="GET", body=None, headers=None, source=None):
        """The answer with .body, .text; a status of 0: no connection."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=20 * SLOW,
            source_address=(source, 0) if source else None)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.text = answer.read().decode()
        except OSError:
            return http.client.HTTPResponse(socket.socket())
        finally:
            connection.close()
        return answer

    def metrics(self):
        answer = self.ask("/metrics")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        return Metrics(answer.text)

    def refused(self, status, *words, **more):
        answer = self.ask(*words, **more)
        self.assertEqual(answer.status, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        told = json.loads(answer.text)
        self.assertLessEqual({"message"}, set(told))
        self.assertGreater(len(told["message"]), 10)
        return answer


class Requests(ListenerCase):
    def setUp(self):
        self.start("--role", "http")

    def test_health(self):
        answer = self.ask("/healthz")
        self.assertEqual(json.loads(answer.text), {"message": "alive"})
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.ask("/healthz?probe=1").status, 200)

    def test_head(self):
        for path, status in (("/healthz", 200), ("/readyz", 200),
                             ("/metrics", 200), ("/none", 404)):
            answer = self.ask(path, "HEAD")
            self.assertEqual((answer.status, answer.text), (status, ""))
            self.assertGreater(int(answer.headers["Content-Length"]), 2)

    def test_unknown_paths(self):
        for path in ("/health", "/healthz/", "/Healthz", "/metrics/all",
                     "/receipt", "/receipt/", "/receipt/none", "/%68ealthz",
                     "//healthz", "/healthz%00"):
            with self.subTest(path=path):
                self.refused(404, path)

    def test_methods(self):
        for path, method in (("/healthz", "POST"), ("/readyz", "DELETE"),
                             ("/metrics", "PUT"), ("/receipt/x", "PUT"),
                             ("/receipt/x", "BREW")):
            with self.subTest(path=path, method=method):
                answer = self.refused(405, path, method)
                self.assertIn("GET", answer.headers["Allow"].split(", "))
        self.assertEqual(answer.headers["Allow"], "GET, HEAD, POST")

    def test_bodies(self):
        self.refused(404, "/receipt/x", "POST", "x" * BODY_MOST)
        self.refused(413, "/receipt/x", "POST", "x" * (BODY_MOST + 1))
        self.refused(413, "/receipt/x", "POST", iter([b"x" * 65536] * 17))
        self.refused(400, "/receipt/x", "POST", "a\0b")
        self.refused(400, "/receipt/x", "POST", b"x" * 200000 + b"\0")
        self.refused(404, "/receipt/x", "POST", "")
        self.assertEqual(self.ask("/healthz").status, 200)

    def test_head_of_many_fields(self):
        few = {f"X-{i}": "y" for i in range(40)}
        self.assertEqual(self.ask("/healthz", headers=few).status, 200)
        many = {f"X-{i}": "y" for i in range(100)}
        self.refused(431, "/healthz", headers=many)
        long = {"X": "y" * 200000}
        self.assertNotEqual(self.ask("/healthz", headers=long).status, 200)
        self.assertEqual(self.ask("/healthz").status, 200)

    def test_what_is_no_http(self):
        for garbage in (b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n",
                        b"\x16\x03\x01" + b"\xff" * 300,
                        b"GET /healthz HTTP/9.9\r\n\r\n",
                        b"GET / HTTP/1.1\r\n\r\n",
                        b"POST /receipt/x HTTP/1.1\r\nHost: a\r\n"
                        b"Content-Length: -5\r\n\r\nhello"):
            with self.subTest(garbage=garbage[:20]):
                with self.connect() as sock:
                    sock.sendall(garbage)
                    # Or silence: it waits for the rest.
                    if select.select([sock], [], [], 0.2)[0]:
                        self.assertNotIn(b"200 OK", sock.recv(65536))
                self.assertEqual(self.ask("/healthz").status, 200)
        self.assertNotIn("a child ended", self.usher.logged())

    def test_one_request_is_not_taken_for_two(self):
        second = b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n"
        for lengths in (b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                        b"Content-Length: 0\r\nContent-Length: 39",
                        b"Content-Length : 39"):
            with self.subTest(lengths=lengths), self.connect() as sock:
                sock.sendall(b"POST /receipt/x HTTP/1.1\r\nHost: a\r\n" +
                             lengths + b"\r\n\r\n0\r\n\r\n" + second)
                answer = sock.recv(65536)
                self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)
                self.assertNotIn(b"alive", answer)

    def test_keep_alive(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=10 * SLOW)
        ports = set()
        for method, path in [("GET", "/healthz"), ("POST", "/receipt/x"),
                             ("HEAD", "/metrics"), ("GET", "/metrics")] * 20:
            connection.request(method, path)
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
        self.assertEqual(len(ports), 1)
        connection.close()

    def test_pipelined(self):
        with self.connect() as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
            got = b""
            while got.count(b'{"message":"alive"}') < 10:
                piece = sock.recv(65536)
                self.assertTrue(piece, got)
                got += piece


class Many(ListenerCase):
    def setUp(self):
        self.start("--role", "http")

    def test_slow_ones_hold_up_nobody(self):
        slow = [self.connect() for _ in range(20)]
        request = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
        for byte in request[:4]:
            for sock in slow:
                sock.sendall(bytes([byte]))
            begun = time.monotonic()
            while time.monotonic() - begun < 1:
                asked = time.monotonic()
                self.assertEqual(self.ask("/healthz").status, 200)
                self.assertLess(time.monotonic() - asked, SLOW)
        for sock in slow:
            with sock:
                sock.sendall(request[4:])
                self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 200"))

    def test_who_does_not_read(self):
        """Answers that nobody takes fill buffers, not the listener."""
        request = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
        with self.connect() as deaf:
            deaf.setblocking(False)
            try:
                for _ in range(20000):
                    deaf.send(request)
            except BlockingIOError:
                pass
            self.assertEqual(self.ask("/healthz").status, 200)

    def test_300_idle(self):
        """One address has its share; there is room for the others."""
        idle = [self.connect() for _ in range(300)]
        self.assertEqual(self.ask("/healthz", source="127.0.0.2").status, 200)
        wait_until(lambda: len(select.select(idle, [], [], 0)[0]) ==
                   300 - PER_ADDRESS_MOST, 10, "those beyond are closed")
        ready = select.select(idle, [], [], 0)[0]
        self.assertTrue(all(sock.recv(1) == b"" for sock in ready))
        for sock in idle:
            sock.close()
        wait_until(lambda: self.ask("/healthz").status == 200, 10,
                   "one of the same address is served again")

    def test_250_at_once(self):
        """More are ready than one call of epoll_wait() in libmicrohttpd
        takes."""
        for count in (127, 128, 129, 250):
            socks = [self.connect() for _ in range(count)]
            for _ in range(3):
                for sock in socks:
                    sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                for sock in socks:
                    self.assertIn(b"200 OK", sock.recv(4096))
            for sock in socks:
                sock.close()

    def test_ends_at_once(self):
        with self.connect() as sock:
            sock.sendall(b"GET /heal")
            begun = time.monotonic()
            self.assertEqual(self.usher.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5 * SLOW)


class Counted(ListenerCase):
    def settled(self, *ids):
        for number in ids:
            wait_until(lambda n=number: self.usher.message(n)["state"] not in
                       ("queued", "sending"), 20, f"{number} is settled")

    def test_metrics(self):
        peer = Peer(RCPT=lambda count, line: "550 5.1.1 nobody" if "refused"
                    in line else "250 2.1.5 ok")
        self.addCleanup(peer.stop)
        self.usher.write(mail_carrier="smtp", smtp_port=peer.port)
        self.start()
        before = self.metrics()
        with open(os.path.join(house.SOURCE, "man/usherd.8.in"),
                  encoding="utf-8") as page:
            self.assertEqual(dict(re.findall(
                r"(?m)^\.It Li (usher_\w+) Ta (\w+)", page.read())),
                before.types)
        self.assertEqual(before.types["usher_attempts_total"], "counter")
        self.assertEqual(before.types["usher_attempt_seconds"], "histogram")
        self.assertEqual(before.types["usher_messages"], "gauge")
        self.assertEqual(before.get("usher_attempts_total", medium="EMAIL",
                                    **{"class": "ACCEPTED"}), 0)
        pool = self.usher.pool()
        sent = [self.usher.invite_mail(pool, f"good{i}") for i in range(3)]
        bad = [self.usher.invite_mail(pool, f"refused{i}") for i in range(2)]
        held = self.usher.invite(pool, "held", phone_number="+15555550100")
        self.settled(*sent, *bad)
        after = self.metrics()
        for kind, count in (("ACCEPTED", 3), ("REFUSED", 2), ("RETRY", 0)):
            self.assertEqual(after.get("usher_attempts_total", medium="EMAIL",
                                       **{"class": kind}), count, kind)
            self.assertEqual(after.get("usher_attempts_total", medium="SMS",
                                       **{"class": kind}), 0)
        for name, count in (("usher_attempt_seconds", 5),
                            ("usher_wait_seconds", 3)):
            self.assertEqual(after.get(f"{name}_count", medium="EMAIL"),
                             count)
            total = after.get(f"{name}_sum", medium="EMAIL")
            self.assertTrue(0 <= total < 60 * SLOW, total)
        for state, count in (("sent", 3), ("refused", 2), ("blocked", 1),
                             ("queued", 0), ("bounced", 0)):
            self.assertEqual(after.get("usher_messages", state=state), count,
                             state)
        self.assertEqual(after.get("usher_lane_open", medium="EMAIL"), 1)
        self.assertGreaterEqual(
            after.get("usher_oldest_seconds", state="blocked"), 0)
        self.assertEqual(after.get("usher_blocked_messages", medium="SMS",
                                   reason="sandbox"), 1)
        self.assertIsNone(after.get("usher_oldest_seconds", state="sent"))
        self.usher.good("queue", "cancel", str(held[0]))
        self.assertEqual(self.metrics().get("usher_messages",
                                            state="cancelled"),
                         after.get("usher_messages", state="cancelled") + 1)

    def test_lane_at_fault(self):
        self.usher.write(mail_carrier="smtp", smtp_port=HOUSE.port())
        number = self.usher.invite_mail(self.usher.pool(), "waits")
        self.start()
        self.usher.wait_logged("the lane pauses")
        metrics = self.metrics()
        self.assertEqual(metrics.get("usher_lane_open", medium="EMAIL"), 0)
        self.assertGreaterEqual(
            metrics.get("usher_lane_faults", medium="EMAIL"), 1)
        self.assertEqual(metrics.get("usher_lane_open", medium="SMS"), 1)
        self.usher.good("queue", "cancel", str(number))

    def test_children_that_end(self):
        self.usher.write(mail_carrier="none")
        daemon = self.usher.start("--role", "http", "--role", "keeper")
        wait_until(lambda: self.ask("/healthz").status == 200, 15, "HTTP")
        self.assertEqual(self.metrics().get("usher_child_restarts_total"), 0)
        for pid in house.children_of(daemon.pid):
            os.kill(pid, house.signal.SIGKILL)
        wait_until(lambda: self.ask("/healthz").status == 200 and
                   self.metrics().get("usher_child_restarts_total") == 2, 15,
                   "both are started again and counted")

    def test_labels_are_escaped(self):
        pool = self.usher.pool()
        number = self.usher.invite(pool, "odd", phone_number="+15555550101")
        self.usher.sql("update usher.blocked set reason = "
                       f"E'a \"b\\\\c\\nd' where id = {number[0]}")
        self.usher.write(mail_carrier="none")
        self.start("--role", "http")
        self.assertEqual([labels["reason"] for labels in
                          self.metrics().labels("usher_blocked_messages")],
                         [r'a \"b\\c\nd'])
        self.usher.good("queue", "cancel", str(number[0]))


class Database(unittest.TestCase):
    """One that may be stopped."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server().make().start()
        cls.usher = house.Usher(HOUSE, database=cls.server.database(),
                                listen=f"127.0.0.1:{HOUSE.port()}").init()
        cls.port = int(cls.usher.settings["listen"].split(":")[1])

    @classmethod
    def tearDownClass(cls):
        cls.usher.stop_all()
        cls.server.remove()

    ask = ListenerCase.ask
    refused = ListenerCase.refused

    def status(self, path):
        return self.ask(path).status

    def test_comes_and_goes(self):
        self.usher.start("--role", "http")
        wait_until(lambda: self.status("/readyz") == 200, 15, "it is ready")
        for _ in range(2):
            self.server.crash()
            answer = self.refused(503, "/readyz")
            self.assertIn("the database cannot be reached", answer.text)
            metrics = self.ask("/metrics").text
            self.assertIn("\nusher_database_up 0\n", metrics)
            self.assertIn("\nusher_attempts_total{", metrics)
            self.assertNotIn("usher_messages{", metrics)
            self.assertEqual(self.status("/healthz"), 200)
            self.assertNotIn(self.server.folder, answer.text)
            self.server.start()
            wait_until(lambda: self.status("/readyz") == 200, 15,
                       "it is ready again")
            self.assertIn("\nusher_database_up 1\n",
                          self.ask("/metrics").text)
        self.assertNotIn("a child ended", self.usher.logged())

    def test_other_schema(self):
        self.usher.start("--role", "http")
        self.server.sql("insert into usher.migration (number, name, checksum) "
                        "values (9999, 'later', '')")
        wait_until(lambda: self.status("/readyz") == 503, 15, "not ready")
        self.server.sql("delete from usher.migration where number = 9999")
        wait_until(lambda: self.status("/readyz") == 200, 15, "ready")


class Settings(house.Case):
    def usherd(self, listen):
        self.usher.write(listen=listen)
        return subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config], capture_output=True, text=True, check=False,
            timeout=30 * SLOW)

    def test_bad_addresses(self):
        for listen in ("9229", ":9229", "localhost:9229", "127.0.0.1",
                       "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                       "127.0.0.1:http", "127.0.0.1:+80", "127.0.0.1:80 ",
                       " 127.0.0.1:80", "256.0.0.1:80", "127.1:80", "::1:80",
                       "[::1]", "[::1]:", "[::1:80", "[127.0.0.1]:80", "[]:80",
                       "[::1]x:80", "*:80", "127.0.0.1:80:81",
                       "http://127.0.0.1:80", "127.0.0.1:4294967376",
                       "1" * 200 + ":80"):
            with self.subTest(listen=listen):
                done = self.usherd(listen)
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertIn("listen: '", done.stderr)
                self.assertIn("is not an address and a port, as "
                              "127.0.0.1:9229 or [::1]:9229", done.stderr)

    def test_port_in_use(self):
        """Delivery goes on; the listener tries again."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.usher.write(listen=address)
            self.usher.start()
            self.usher.wait_logged(f"listen: cannot listen at '{address}': "
                                   "Address already in use")
            self.assertIsNone(self.usher.daemons[-1].poll())
        port = int(address.split(":")[1])
        wait_until(lambda: self.listens(port), 40, "it listens at last")

    def test_two_daemons_of_one_port(self):
        """Else each would get some of the requests."""
        port = HOUSE.port()
        self.usher.write(listen=f"127.0.0.1:{port}")
        self.usher.start("--role", "http")
        wait_until(lambda: self.listens(port), 15, "the first listens")
        self.usher.start("--role", "http")
        self.usher.wait_logged("Address already in use")

    def test_at_once_again(self):
        """Connections that just ended do not keep the port."""
        port = HOUSE.port()
        self.usher.write(listen=f"127.0.0.1:{port}")
        for _ in range(3):
            self.usher.start("--role", "http")
            wait_until(lambda: self.listens(port), 15, "it listens")
            with socket.create_connection(("127.0.0.1", port), 10) as sock:
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                sock.recv(1000)
                self.usher.stop()
            self.assertNotIn("cannot listen", self.usher.logged())

    def test_address_of_another_host(self):
        self.usher.write(listen="192.0.2.1:9229")
        self.usher.start()
        self.usher.wait_logged("listen: cannot listen at '192.0.2.1:9229': "
                               "Cannot assign requested address")

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
    def test_ipv6(self):
        port = HOUSE.port()
        self.usher.write(listen=f"[::1]:{port}")
        self.usher.start("--role", "http")
        wait_until(lambda: self.listens(port, "::1"), 15, "it listens")
        self.assertFalse(self.listens(port))

    def test_reload(self):
        """SIGHUP takes a new address; a bad one leaves the old."""
        first, second = HOUSE.port(), HOUSE.port()
        self.usher.write(listen=f"127.0.0.1:{first}")
        daemon = self.usher.start("--role", "http")
        wait_until(lambda: self.listens(first), 15, "it listens")
        self.usher.write(listen="nonsense")
        daemon.send_signal(house.signal.SIGHUP)
        self.usher.wait_logged("'nonsense' is not an address")
        self.assertTrue(self.listens(first))
        self.usher.write(listen=f"127.0.0.1:{second}")
        daemon.send_signal(house.signal.SIGHUP)
        wait_until(lambda: self.listens(second), 15, "at the new port")
        self.assertFalse(self.listens(first))

    def test_roles(self):
        done = subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config, "--role", "web"], capture_output=True,
            text=True, check=False, timeout=30 * SLOW)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("role 'web' is not mail, text, keeper or http",
                      done.stderr)
        self.usher.write(listen="")
        self.usher.start("--role", "http")
        self.assertIn("nothing to do", self.usher.logged())

    def test_none(self):
        self.usher.write(listen="")
        daemon = self.usher.start()
        with open(f"/proc/{daemon.pid}/net/tcp", encoding="ascii") as file:
            rows = file.read().splitlines()[1:]
        inodes = {row.split()[9] for row in rows if row.split()[3] == "0A"}
        for pid in (daemon.pid, *house.children_of(daemon.pid)):
            for name in os.listdir(f"/proc/{pid}/fd"):
                try:
                    target = os.readlink(f"/proc/{pid}/fd/{name}")
                except OSError:
                    continue
                self.assertNotIn(target[8:-1], inodes, target)

    def listens(self, port, host="127.0.0.1"):
        try:
            socket.create_connection((host, port), 5).close()
            return True
        except OSError:
            return False


if __name__ == "__main__":
    house.main()
