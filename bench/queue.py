#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""queue - claim and settle in batches of 200, the keeper at work: beside an
almost empty queue, one with up to millions of messages waiting and one with
an old transaction held open, alternated."""
import os
import subprocess
import sys
import time

import common

EMPTY = 400
SIZES = [int(n) for n in os.environ.get(
    "WAITING", "100000 1000000 5000000").split()]
COUNT = os.environ.get("COUNT", "20000")
SECONDS = os.environ.get("SECONDS_MOST", "10")
CHURN_SECONDS = os.environ.get("CHURN_SECONDS", "10")
BAR = 0.8


def make(cluster, name):
    cluster.sql("create database " + name)
    config = cluster.config(name)
    common.usher(config, "init")
    common.usher(config, "pool", "create", "--name", "bench")
    common.run(common.BUILD + "/bench/fill", config,
               cluster.sql("select id from user_pool", name), "EMAIL", "1",
               "1")
    cluster.script(common.SOURCE + "/fill.sql", name)
    grow(cluster, name, EMPTY)


def grow(cluster, name, size):
    """Fills up to SIZE; by two hands, as that takes minutes."""
    count = size - int(cluster.sql("select count(*) from ready", name))
    hands = [subprocess.Popen(
        ["psql", "-Xq", "-c", "select usher.bench_fill(%d)" % share,
         cluster.database(name)], stdout=subprocess.DEVNULL)
        for share in (count // 2, count - count // 2)]
    if any([hand.wait() for hand in hands]):
        common.fail("the queue was not filled")
    cluster.sql("vacuum analyze", name)
    cluster.sql("checkpoint")


def measure(cluster, name, seconds=SECONDS, count=COUNT):
    """Microseconds a message: claim, settle."""
    config = "%s/%s.conf" % (cluster.folder, name)
    _, claim, settle = common.run(common.BUILD + "/bench/queue", config,
                                  seconds, count, "--keeper").split()
    return float(claim), float(settle)


def compare(cluster, name, words):
    """Rounds of the empty queue and of the other, NAME."""
    figures = {"empty": [], name: []}
    for _ in range(common.ROUNDS):
        for side, found in figures.items():
            found.append(measure(cluster, side))
    for side, title in (("empty", "%d waiting" % EMPTY), (name, words)):
        common.print_row(
            title, common.spread([1e6 / sum(f) for f in figures[side]]),
            common.spread([f[0] for f in figures[side]], "%.1f"),
            common.spread([f[1] for f in figures[side]], "%.1f"))
    return common.verdict("queue, " + words, [
        sum(e) / sum(o) for e, o in zip(*figures.values())], BAR)


class OldTransaction:
    """One that took its snapshot and does nothing more."""

    def __init__(self, cluster, name):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", cluster.database(name)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(
            "begin isolation level repeatable read; "
            "select count(*) from usher.ready;\n")
        self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare_held(cluster):
    make(cluster, "held")
    old = OldTransaction(cluster, "held")
    begin = time.monotonic()
    measure(cluster, "held", CHURN_SECONDS, "1000000000")
    cluster.sql("vacuum analyze", "held")  # autovacuum would, a minute later
    words = "a snapshot of %.0f s ago held" % (time.monotonic() - begin)
    held = compare(cluster, "held", words)
    old.end()
    return held


def main():
    common.print_head("claim + settle, batches of 200, one connection")
    with common.Cluster() as cluster:
        make(cluster, "empty")
        make(cluster, "waiting")
        common.print_row("", "messages/s", "claim us", "settle us")
        held = []
        for size in SIZES:
            grow(cluster, "waiting", size)
            held.append(compare(cluster, "waiting", "%d waiting" % size))
        held.append(compare_held(cluster))
    sys.exit(not all(held))


main()
