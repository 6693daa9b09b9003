#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""queue - claim and settle in batches of 100 at an empty queue and with a
million messages waiting, alternated, with and without the keeper."""
import os
import sys

import common

WAITING = int(os.environ.get("WAITING", "1000000"))
COUNT = os.environ.get("COUNT", "50000")
SECONDS = os.environ.get("SECONDS_MOST", "10")
BAR = 0.8
PLACES = (("empty", 200), ("waiting", WAITING))


def fill(cluster):
    for name, count in PLACES:
        cluster.sql("create database " + name)
        config = cluster.config(name)
        common.usher(config, "init")
        common.usher(config, "pool", "create", "--name", "bench")
        common.run(common.BUILD + "/bench/fill", config,
                   cluster.sql("select id from user_pool", name), "1", "1")
        cluster.script(common.SOURCE + "/fill.sql", name)
        cluster.sql("select bench_fill(%d)" % count, name)
        cluster.sql("vacuum analyze", name)
    cluster.sql("checkpoint")


def measure(cluster, name, keeper):
    """Microseconds a message: claim, settle."""
    config = "%s/%s.conf" % (cluster.folder, name)
    words = [common.BUILD + "/bench/queue", config, SECONDS, COUNT]
    _, claim, settle = common.run(
        *words, *(["--keeper"] if keeper else [])).split()
    return float(claim), float(settle)


def compare(cluster, keeper):
    figures = {name: [] for name, _ in PLACES}
    for _ in range(common.ROUNDS):
        for name, _ in PLACES:
            figures[name].append(measure(cluster, name, keeper))
    mode = "with keeper" if keeper else "alone"
    for name, count in PLACES:
        common.print_row(
            "%d waiting, %s" % (count, mode),
            common.spread([1e6 / sum(f) for f in figures[name]]),
            common.spread([f[0] for f in figures[name]], "%.1f"),
            common.spread([f[1] for f in figures[name]], "%.1f"))
    ratios = [sum(e) / sum(w) for e, w in zip(*figures.values())]
    return common.verdict("queue " + mode, ratios, BAR)


def main():
    common.print_head("claim + settle, batches of 100, one connection")
    with common.Cluster() as cluster:
        fill(cluster)
        common.print_row("", "messages/s", "claim us", "settle us")
        held = [compare(cluster, keeper) for keeper in (False, True)]
    sys.exit(not all(held))


main()
