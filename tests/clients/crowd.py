#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Many clients of the API at a time, slow ones, ones that go, and the end of
usherd while they call.

covers: api/listener.c
covers: routes.c
"""
import json
import os
import resource
import select
import signal
import socket
import threading
import time
import unittest

from wire import Answer, WireCase
import house
from house import HOUSE, SLOW, wait_until

IDLE = 10000
BODY = b'{"MaxResults":1}'
# Connections have two ends, both of this host, each in its own process.
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
WHY_NO_CROWD = (f"the host allows {HARD} open files, too few for "
                f"{IDLE} connections" if 0 <= HARD < IDLE + 200 else "")


def read_answer(sock):
    got = b""
    while True:
        piece = sock.recv(65536)
        if not piece:
            raise AssertionError(f"closed behind {got}")
        got += piece
        head, found, body = got.partition(b"\r\n\r\n")
        if found:
            answer = Answer(head + found + body)
            if len(body) == int(answer.headers["content-length"]):
                return answer


class CrowdCase(WireCase):
    def signed(self):
        headers = self.sign("ListUserPools", BODY)
        return self.request({**headers, "Content-Length": len(BODY)}, BODY)

    def good(self):
        """Another client is served."""
        with self.connect() as sock:
            sock.sendall(self.signed())
            self.assertEqual(read_answer(sock).status, 200)


class Crowd(CrowdCase):
    settings = {"listen_connections": IDLE + 100}

    def test_as_many_ready_as_one_epoll_takes(self):
        """libmicrohttpd's own loop stands still at exactly 128."""
        for count in (127, 128, 129, 256):
            socks = [self.connect() for _ in range(count)]
            for _ in range(5):
                request = self.signed()
                for sock in socks:
                    sock.sendall(request)
                for sock in socks:
                    self.assertEqual(read_answer(sock).status, 200)
            for sock in socks:
                sock.close()

    @unittest.skipIf(WHY_NO_CROWD, WHY_NO_CROWD)
    def test_10000_idle(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (HARD, HARD))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        idle = []
        try:
            while len(idle) < IDLE:
                idle.append(self.connect())
                if len(idle) % 1000 == 0:
                    self.good()
            for _ in range(100):
                self.good()
            # All of them are there: none was closed, each is answered.
            self.assertEqual(self.ready(idle), [])
            for sock in idle[::100]:
                sock.sendall(self.signed())
                self.assertEqual(read_answer(sock).status, 200)
        finally:
            for sock in idle:
                sock.close()
        self.good()

    def test_large_bodies_have_a_bound_together(self):
        """Who sends small ones is served all the while."""
        def send(size):
            body = b'{"MaxResults":1,"x":"%s"}' % (b"x" * size)
            with self.connect() as sock:
                sock.sendall(self.request(
                    {**self.sign("ListUserPools", body),
                     "Content-Length": len(body)}, body))
                return read_answer(sock)
        part = b"x" * 1000000
        begun = []

        def full():
            begun.append(self.connect())
            begun[-1].sendall(self.request(
                {"Host": self.host, "Content-Length": len(part) + 1}, part))
            return len(begun) > 60 and send(900000).status == 503
        wait_until(full, 40, "they hold all there is")
        self.refused(send(900000), "ServiceUnavailableException",
                     "too much is under way; try again", 503)
        self.assertEqual(send(1000).status, 200)
        for sock in begun:
            sock.close()
        wait_until(lambda: send(900000).status == 200, 20, "they are gone")

    @staticmethod
    def ready(socks):
        poll = select.poll()
        for sock in socks:
            poll.register(sock, select.POLLIN)
        return poll.poll(0)


class Slow(CrowdCase):
    """Who takes longer than a request may."""
    settings = {"listen_timeout": 3}

    def drip(self, text, seconds=0.2):
        """Sends it byte by byte; by when the server ends that, in seconds."""
        begun = time.monotonic()
        with self.connect() as sock:
            for byte in text:
                try:
                    sock.send(bytes([byte]))
                except OSError:
                    return time.monotonic() - begun
                if select.select([sock], [], [], seconds)[0]:
                    try:
                        self.assertEqual(sock.recv(1), b"")
                    except ConnectionResetError:
                        pass
                    return time.monotonic() - begun
        raise AssertionError("it was never closed")

    def test_bytes_now_and_then(self):
        """In the head, in its fields, in a body, in TLS that is none: no
        longer than a request may take."""
        for text in (b"POST /" + b"x" * 100,
                     b"POST / HTTP/1.1\r\nX: " + b"y" * 100,
                     b"\r\n" * 100):
            with self.subTest(text=text[:20]):
                self.assertGreater(self.drip(text), 2)
        with self.connect() as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n"
                         b"Content-Length: 1000\r\n\r\n")
            ends = time.monotonic() + 30 * SLOW
            with self.assertRaises(OSError):
                while time.monotonic() < ends:
                    sock.sendall(b" ")
                    time.sleep(0.2)

    def test_slow_ones_hold_up_nobody(self):
        threads = [threading.Thread(target=self.drip, args=(
            b"POST / HTTP/1.1\r\nX: " + b"y" * 100,)) for _ in range(30)]
        for thread in threads:
            thread.start()
        count = 0
        while any(thread.is_alive() for thread in threads):
            self.good()
            count += 1
        self.assertGreater(count, 30)

    def test_idle_ones_are_closed(self):
        with self.connect() as sock:
            sock.sendall(self.signed())
            self.assertEqual(read_answer(sock).status, 200)
            sock.settimeout(30 * SLOW)
            self.assertEqual(sock.recv(1), b"")

    def test_each_request_has_its_time(self):
        """A connection may stay longer than one request may take."""
        with self.connect() as sock:
            for _ in range(5):
                sock.sendall(self.signed())
                self.assertEqual(read_answer(sock).status, 200)
                time.sleep(1)

    def test_who_reads_no_answer(self):
        """It is left alone, and what it asked behind that unanswered."""
        with self.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = self.signed()
            sock.setblocking(False)
            sent = 0
            got = b""
            ends = time.monotonic() + 6 * SLOW
            try:
                while time.monotonic() < ends:
                    try:
                        sent += sock.send(request) // len(request)
                    except BlockingIOError:
                        self.good()
                sock.settimeout(30 * SLOW)
                while piece := sock.recv(1 << 20):
                    got += piece
            except ConnectionResetError:
                pass  # as there was still something to send
            self.assertLess(got.count(b"HTTP/1.1 200 OK"), sent)


class Gone(CrowdCase):
    """The database answers when the test lets it."""

    def hold(self):
        """Holds calls for pools; answers the connection that lets go."""
        words = ["psql", "-X", "-q", "-A", "-t", "-d",
                 self.usher.settings["database"]]
        holder = HOUSE.converse(
            words, os.path.join(self.usher.folder, "usher.out"))
        holder.stdin.write("begin; lock table usher.user_pool in access "
                           "exclusive mode; select 'held';\n")
        self.assertEqual(holder.stdout.readline(), "held\n")
        return holder

    def waiting(self):
        return int(self.usher.sql(
            "select count(*) from pg_stat_activity where application_name = "
            "'usher http' and wait_event_type = 'Lock' and datname = "
            "current_database()"))

    @staticmethod
    def let_go(holder):
        holder.stdin.write("rollback;\n")
        holder.stdin.close()
        holder.stdout.close()
        HOUSE.end(holder)

    def test_while_they_are_answered(self):
        holder = self.hold()
        for turn in range(20):
            sock = self.connect()
            sock.sendall(self.signed())
            if turn == 0:
                wait_until(lambda: self.waiting() == 1, 15, "one waits")
            if turn % 2:  # with a reset
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
            sock.close()
        self.let_go(holder)
        self.good()
        self.assertNotIn("a child ended", self.usher.logged())

    def test_in_the_middle_of_what_they_send(self):
        request = self.signed()
        for length in range(1, len(request), 7):
            with self.connect() as sock:
                sock.sendall(request[:length])
        self.good()
        self.assertNotIn("a child ended", self.usher.logged())

    def end(self, holder, sent):
        """SIGTERM while calls are under way; their answers."""
        wait_until(lambda: self.waiting() >= min(len(sent), 4), 15,
                   "they wait")
        daemon = self.usher.daemons[-1]
        daemon.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(daemon.poll())
        self.let_go(holder)
        answers = [read_answer(sock) for sock in sent]
        self.assertEqual(self.usher.stop(), 0)
        return answers

    def test_the_end_answers_what_was_asked(self):
        self.addCleanup(self.usher.start)
        holder = self.hold()
        sent = [self.connect() for _ in range(30)]
        idle = self.connect()
        for sock in sent:
            sock.sendall(self.signed())
        for answer in self.end(holder, sent):
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["connection"], "close")
            json.loads(answer.body)
        for sock in (idle, *sent):
            self.assertEqual(sock.recv(1), b"")
            sock.close()


if __name__ == "__main__":
    house.main()
