#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""latency - from just before an invitation is made to the relay's answer that
it took the mail, one at a time on an idle system."""
import os
import random
import socketserver
import statistics
import subprocess
import sys
import threading
import time

import common
import daemon

INVITES = int(os.environ.get("INVITES", "500"))
MEDIAN_MS = 10
TAIL_MS = 50  # of 99 in 100
LONGEST_S = 30
TEMPLATE = {"EmailSubject": "Your account",
            "EmailMessage": "{username}: {####}"}


class Relay(socketserver.StreamRequestHandler):
    """Notes when it took a mail."""
    disable_nagle_algorithm = True
    took = threading.Semaphore(0)
    took_us = 0

    def answer(self, text):
        self.wfile.write(text + b"\r\n")

    def handle(self):
        self.answer(b"220 relay")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.answer(b"354 go on")
                for _ in iter(self.rfile.readline, b".\r\n"):
                    pass
            self.answer(b"221 bye" if word == b"QUIT" else b"250 ok")
            if word == b"DATA":
                Relay.took_us = time.monotonic_ns() // 1000
                Relay.took.release()
            if word == b"QUIT":
                break


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def measure(inviter):
    """Milliseconds of one invitation: until committed, until taken."""
    inviter.stdin.write("\n")
    start_us, committed_us = map(int, inviter.stdout.readline().split())
    if not Relay.took.acquire(timeout=LONGEST_S):
        common.fail("a mail did not arrive")
    # The mail is settled, the lane asleep; not in step with its clock.
    time.sleep(random.uniform(0.02, 0.1))
    return (committed_us - start_us) / 1000, (Relay.took_us - start_us) / 1000


def measure_all(cluster, port):
    pool = daemon.make_pool(cluster, "idle", TEMPLATE)
    process = daemon.start(cluster, "idle", smtp_port=str(port),
                           smtp_tls="off", smtp_hello="bench.example")
    inviter = subprocess.Popen(
        [common.BUILD + "/bench/latency", cluster.folder + "/idle.conf", pool],
        text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for _ in range(10):  # statements are prepared, plans settle
            measure(inviter)
        return [measure(inviter) for _ in range(INVITES)]
    finally:
        inviter.stdin.close()
        process.terminate()
        process.wait()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def report(name, values):
    common.print_row(name, *("%.1f" % figure for figure in (
        statistics.median(values), percentile(values, 0.99), min(values),
        max(values))))


def main():
    common.print_head("%d single invitations" % INVITES)
    with common.Cluster() as cluster, Server(("127.0.0.1", 0),
                                             Relay) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = measure_all(cluster, server.server_address[1])
        server.shutdown()
    common.print_row("", "median ms", "99 in 100", "least", "most")
    report("create to committed", [committed for committed, _ in found])
    report("create to accepted", [taken for _, taken in found])
    taken = [taken for _, taken in found]
    held = common.limit("latency, median ms", statistics.median(taken),
                        MEDIAN_MS)
    held &= common.limit("latency, 99 in 100 ms", percentile(taken, 0.99),
                         TAIL_MS)
    sys.exit(not held)


main()
