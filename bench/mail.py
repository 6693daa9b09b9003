#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mail - usherd's mail lanes beside smtp-source with as many sessions, with
mails of the same size, to smtp-sink and into a real Postfix's queue."""
import os
import socketserver
import sys
import threading

import common
import daemon
import peers

COUNT = int(os.environ.get("COUNT", "50000"))
SIZE = 4096
LANES = [int(n) for n in os.environ.get("LANES", "1 2 8").split()]
BARS = {1: 0.8, 2: 0.8}
BAR = 0.6  # of more lanes
POSTFIX_LANES = 2
POSTFIX_GOAL = 1.0
PARAGRAPHS = 16  # and a word or two more: SIZE bytes
SENTENCE = ("<p>Your account is ready for you to use; what follows says how "
            "to sign in &amp; whom to ask.</p>\n")
TEMPLATE = {"EmailSubject": "Your account", "EmailMessage":
            "<html><body>\n" + SENTENCE * PARAGRAPHS +
            "<p>" + "usher " * 24 + "</p>\n"
            "<p>{username}: <b>{####}</b></p>\n</body></html>\n"}


class Counter(socketserver.StreamRequestHandler):
    """A mail server that counts the bytes behind DATA."""
    sizes = []

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass  # smtp-source resets its connections

    def answer(self, text):
        self.wfile.write(text + b"\r\n")

    def handle(self):
        self.answer(b"220 counter")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.answer(b"354 go on")
                size = 0
                for body in iter(self.rfile.readline, b".\r\n"):
                    size += len(body)
                self.sizes.append(size)
            self.answer(b"221 bye" if word == b"QUIT" else b"250 ok")
            if word == b"QUIT":
                break


def measure_size(send):
    """Bytes of a mail on the wire; SEND(port) sends some."""
    Counter.sizes = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        send(server.server_address[1])
        server.shutdown()
    return round(sum(Counter.sizes) / len(Counter.sizes))


def smtp_source(port, length, count, sessions):
    common.run(peers.find("smtp-source"), "-d", "-s", str(sessions),
               "-m", str(count), "-l", str(length), "-f", "a@bench.example",
               "-t", "b@bench.example", "127.0.0.1:%d" % port)
    return count


def settings(port, lanes):
    return {"smtp_port": str(port), "smtp_tls": "off",
            "smtp_hello": "bench.example", "mail_lanes": str(lanes)}


def make_filled(cluster, name, count):
    pool = daemon.make_pool(cluster, name, TEMPLATE)
    daemon.fill(cluster, name, pool, "EMAIL", count)
    cluster.sql("vacuum analyze", name)


def measure_length(cluster):
    """What smtp-source must be told for mails as long as ours."""
    make_filled(cluster, "small", 20)
    size = measure_size(lambda port: daemon.deliver(
        cluster, "small", 20, **settings(port, 1)))
    length = SIZE - measure_size(
        lambda port: smtp_source(port, SIZE, 4, 1)) + size
    theirs = measure_size(lambda port: smtp_source(port, length, 4, 1))
    common.print_row("bytes of a mail", "usherd %d" % size,
                     "smtp-source %d" % theirs)
    return length


def contest(cluster, peer, lanes, length, count):
    filled = "filled%d" % count
    return daemon.contest(
        ("usherd, %d lanes" % lanes, lambda: daemon.deliver_copy(
            cluster, filled, peer, count, **settings(peer.port, lanes))),
        ("smtp-source -s %d" % lanes, lambda: daemon.floor(
            peer, lambda: smtp_source(peer.port, length, count, lanes))))


def to_sink(cluster, length):
    make_filled(cluster, "filled%d" % COUNT, COUNT)
    held = []
    for lanes in LANES:
        with peers.Sink() as sink:
            found = contest(cluster, sink, lanes, length, COUNT)
        daemon.print_memory(found[0])
        held.append(daemon.verdict("mail, %d lanes" % lanes, found,
                                   BARS.get(lanes, BAR)))
    return all(held)


def to_postfix(cluster, length):
    """A tenth of the mails: each is a file that is written through."""
    count = COUNT // 10
    common.print_head("%d mails into Postfix's queue" % count)
    if os.geteuid() != 0:
        print("   left out: root alone can start Postfix")
        return True
    make_filled(cluster, "filled%d" % count, count)
    with peers.Postfix() as postfix:
        found = contest(cluster, postfix, POSTFIX_LANES, length, count)
        queued = postfix.empty()
    if queued != 2 * common.ROUNDS * count:
        common.fail("Postfix queued %d mails" % queued)
    return daemon.verdict("mail into Postfix, %d lanes" % POSTFIX_LANES,
                          found, POSTFIX_GOAL)


def main():
    common.print_head("%d mails to smtp-sink" % COUNT)
    with common.Cluster() as cluster:
        length = measure_length(cluster)
        held = [to_sink(cluster, length), to_postfix(cluster, length)]
    sys.exit(not all(held))


main()
