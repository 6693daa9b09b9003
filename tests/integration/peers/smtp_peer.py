# SPDX-License-Identifier: MIT
"""A relay that misbehaves on demand, for faults that a real one will not
show. It answers as told and keeps what it got."""
import socket
import threading
import time

GOOD = {
    "greeting": "220 peer ready", "EHLO": "250-peer\r\n250 PIPELINING",
    "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go on",
    "dot": "250 2.0.0 taken", "RSET": "250 ok", "QUIT": "221 bye",
    "BDAT": "250 2.0.0 taken", "STARTTLS": "220 go ahead",
    "AUTH": "235 2.7.0 ok", "NOOP": "250 ok",
    "other": "502 5.5.2 what?",
}


class Close(Exception):
    """The peer hangs up."""


class Peer:
    """answers: command -> text, or a function of (count, line) that answers a
    text, None for silence, or raises Close; "other" is for what is none of
    them. With TLS, an SSLContext, it is spoken from the first byte, or after
    STARTTLS where the answer to EHLO offers that. One that is CONFUSED takes
    recipients though it refused MAIL."""

    def __init__(self, tls=None, confused=False, **answers):
        self.tls = tls
        self.confused = confused
        self.answers = {**GOOD, **answers}
        self.mails = []
        self.chunks = b""  # of a mail that has not ended
        self.commands = []  # those that were in their place
        self.sessions = 0
        self.counts = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self.serve, args=(conn,),
                             daemon=True).start()

    def answer(self, conn, verb, line=""):
        self.counts[verb] = self.counts.get(verb, 0) + 1
        text = self.answers.get(verb, self.answers["other"])
        if callable(text):
            text = text(self.counts[verb], line)
        if isinstance(text, bytes):
            conn.sendall(text)
        elif isinstance(text, Drip):
            text.send(conn)
        elif text is not None:
            conn.sendall(text.encode() + b"\r\n")
        return text

    def serve(self, conn):
        try:
            if self.tls and "STARTTLS" not in str(self.answers["EHLO"]):
                conn = self.tls.wrap_socket(conn, server_side=True)
            with conn, conn.makefile("rb") as lines:
                self.answer(conn, "greeting")
                self.converse(conn, lines)
        except (Close, OSError):
            conn.close()

    def converse(self, conn, lines):
        taken = False  # a recipient
        begun = False  # MAIL was taken
        for raw in lines:
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            if verb == "DATA" and not taken:
                conn.sendall(b"503 5.5.1 no valid recipient\r\n")
                continue
            if verb == "RCPT" and not begun:
                conn.sendall(b"503 5.5.1 need MAIL\r\n")
                continue
            if verb == "BDAT" and not self.take_chunk(line, lines, taken):
                conn.sendall(b"503 5.5.1 no valid recipient\r\n")
                continue
            self.commands.append(line)
            text = self.answer(conn, verb, line)
            if verb == "MAIL":
                begun = self.confused or is_good(text)
                taken = False
            if verb == "RCPT":
                taken = is_good(text)
            if verb == "QUIT" and text is not None:
                raise Close
            if verb == "STARTTLS" and self.tls:
                self.protect(conn)
                return
            if verb == "DATA" and isinstance(text, str) and \
                    text.startswith("354"):
                self.take_mail(conn, lines)

    def protect(self, conn):
        with self.tls.wrap_socket(conn, server_side=True) as safe, \
                safe.makefile("rb") as lines:
            self.converse(safe, lines)

    def take_chunk(self, line, lines, wanted):
        """RFC 3030: the bytes follow the command; LAST ends the mail."""
        words = line.upper().split()
        chunk = lines.read(int(words[1]))
        if wanted:
            self.chunks += chunk
        if wanted and words[-1] == "LAST":
            self.mails.append(self.chunks)
            self.chunks = b""
        return wanted

    def take_mail(self, conn, lines):
        mail = b""
        for number, raw in enumerate(lines):
            if raw == b".\r\n":
                self.mails.append(mail)
                self.answer(conn, "dot")
                return
            mail += raw
            if number == 5 and "body" in self.answers:
                self.answer(conn, "body")


def is_good(answer):
    text = answer.text if isinstance(answer, Drip) else answer
    return isinstance(text, str) and text.startswith("2")


class Drip:
    """A text sent a byte at a time."""

    def __init__(self, text, gap=0.2):
        self.text = text
        self.gap = gap

    def send(self, conn):
        for byte in self.text.encode():
            conn.sendall(bytes([byte]))
            time.sleep(self.gap)


def nth(number, special, usual):
    """SPECIAL as the answer to the NUMBERth command, else USUAL."""
    def choose(count, line):
        chosen = special if count == number else usual
        return chosen(count, line) if callable(chosen) else chosen
    return choose


def hang_up(count, line):
    raise Close
