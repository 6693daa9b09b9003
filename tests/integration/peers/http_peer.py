# SPDX-License-Identifier: MIT
"""A gateway that misbehaves on demand, for faults that a real one will not
show. It keeps what it was asked and answers as told."""
import socket
import threading


class Close(Exception):
    """The peer hangs up."""


class Request:
    """What was asked, and on the how manieth connection."""

    def __init__(self, conn, session, lines):
        first = lines.readline().decode("latin-1").split()
        if len(first) != 3:
            raise Close
        self.method, self.target, _ = first
        self.conn = conn
        self.session = session
        self.headers = {}
        self.names = []  # as they came
        for raw in iter(lines.readline, b"\r\n"):
            name, _, value = raw.decode("latin-1").partition(":")
            self.headers[name.lower()] = value.strip()
            self.names.append(name.lower())
        length = int(self.headers.get("content-length", 0))
        self.body = lines.read(length).decode()


class Peer:
    """answer: (status, body[, headers]), bytes to send before hanging up,
    None for silence, or a function of (count, request) that answers one of
    these or raises Close. Counts begin at 1. With a TLS context it speaks
    TLS."""

    def __init__(self, answer=(200, '{"id": "m"}'), tls=None):
        self.reply = answer
        self.tls = tls
        self.requests = []
        self.sessions = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        # A thread in accept() holds the socket open until it is shut down.
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self.serve, args=(conn, self.sessions),
                             daemon=True).start()

    def serve(self, conn, session):
        try:
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            with conn, conn.makefile("rb") as lines:
                while True:
                    self.answer(Request(conn, session, lines))
        except (Close, OSError):
            conn.close()

    def answer(self, request):
        with self.lock:
            self.requests.append(request)
            count = len(self.requests)
        reply = self.reply
        if callable(reply):
            reply = reply(count, request)
        if reply is None:
            while request.conn.recv(4096):
                pass
            raise Close
        if isinstance(reply, bytes):
            request.conn.sendall(reply)
            raise Close
        status, body, *more = reply
        headers = {"Content-Length": len(body.encode()),
                   **(more[0] if more else {})}
        head = "".join(f"{name}: {value}\r\n"
                       for name, value in headers.items())
        request.conn.sendall(
            f"HTTP/1.1 {status} told\r\n{head}\r\n{body}".encode())


def nth(number, special, usual):
    """SPECIAL as the answer to the NUMBERth request, else USUAL."""
    def choose(count, request):
        chosen = special if count == number else usual
        return chosen(count, request) if callable(chosen) else chosen
    return choose


def hang_up(count, request):
    raise Close
