#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api - the API by HTTP, signed and durable, beside pgbench with the bare
statements, and what else there is to compare a part with."""
import json
import os
import re
import statistics
import sys

import arrival
import common
import daemon
import endpoint
import pages
import passwords
import together

HERE = common.SOURCE
KNOWN = 5000  # users that are read, again and again
MILLION = 10 ** 6
MEMORY_GOAL = 24  # MiB
CLIENTS = (1, 2, 4, 8, 16, 32)


def create(cluster, api, pool):
    """Creations beside the best of pgbench, and one client's median."""
    script = endpoint.bare_script(cluster, daemon.make_pool(
        cluster, "bare", endpoint.TEMPLATE))
    floor, medians, start = [], [], 0
    found = {connections: [] for connections in (1, 32, 256)}
    for _ in range(common.ROUNDS):
        rates = []
        for clients in CLIENTS:
            start += 10 ** 7
            rate, milliseconds = endpoint.pgbench(cluster, "bare", script,
                                                  clients, start)
            rates.append(rate)
            if clients == 1:
                medians.append(milliseconds)
        floor.append(max(rates))
        for connections, figures in found.items():
            figures.append(api.create(pool, connections))
    common.print_row("", "a second", "median ms", "99 in 100", "CPU us, api",
                     "CPU us, PostgreSQL")
    common.print_row("pgbench, best of 1 to 32", common.spread(floor))
    common.print_row("pgbench, 1 client", "", common.spread(medians, "%.2f"))
    for connections, figures in found.items():
        endpoint.print_side("usherd, %d connections" % connections, figures)
    held = common.verdict("create, 32 connections",
                          endpoint.ratios(found[32], floor), 1.0)
    held &= common.verdict("create, 256 connections, a goal",
                           endpoint.ratios(found[256], floor), 1.8)
    slower = [f["median"] / bare for f, bare in zip(found[1], medians)]
    return held & common.limit("create, one client beside a bare commit",
                               statistics.median(slower), 2.0)


def get(cluster, api, pool):
    """AdminGetUser beside pgbench with the same select."""
    pool = common.usher(cluster.folder + "/api.conf", "pool", "create",
                        "--name", "read")
    text = open(HERE + "/../sql/user.sql").read()
    text = text.split("-- name: user_find\n")[1].split("-- name:")[0]
    text = re.sub(r"--.*", "", text)
    name = "('guest' || lpad((:n)::text, 8, '0'))"
    for number, value in ((1, "'%s'" % pool), (2, name), (3, "null")):
        text = re.sub(r"\$%d\b" % number, lambda _, v=value: v, text)
    path = cluster.folder + "/get.sql"
    with open(path, "w") as out:
        out.write("\\set n random(0, %d)\n" % (KNOWN - 1)
                  + " ".join(text.split()) + "\n")
    bodies = [json.dumps({"UserPoolId": pool, "Username": "guest%08d" % number})
              for number in range(KNOWN)]
    found, floor = [], []
    endpoint.insert_users(cluster, api.name, pool, 0, KNOWN)
    for _ in range(common.ROUNDS):
        floor.append(max(
            endpoint.pgbench(cluster, api.name, path, clients, 0)[0]
            for clients in (8, 32)))
        found.append(api.load("AdminGetUser", bodies, 32))
    common.print_row("", "a second", "median ms", "99 in 100", "CPU us, api",
                     "CPU us, PostgreSQL")
    common.print_row("pgbench, best of 8 and 32", common.spread(floor))
    endpoint.print_side("usherd, 32 connections", found)
    return common.verdict("get", endpoint.ratios(found, floor), 0.5)


def million(cluster, api, pool):
    """Creations with a million users there beside none, and memory."""
    empty = daemon.make_pool(cluster, "other", endpoint.TEMPLATE)
    other = endpoint.Api(cluster, "other", "--role", "http")
    pool = common.usher(cluster.folder + "/api.conf", "pool", "create",
                        "--name", "million")
    few, many, memory = [], [], []
    try:
        endpoint.insert_users(cluster, api.name, pool, 5 * 10 ** 7,
                              MILLION)
        for _ in range(common.ROUNDS):
            few.append(other.create(empty, 32))
            many.append(api.create(pool, 32))
            memory.append(common.memory_mib(api.child)[1])
    finally:
        other.end()
    endpoint.print_side("none", few)
    endpoint.print_side("1,000,000 users", many)
    common.print_row("resident MiB of the api child, each round", *(
        "%.1f" % size for size in memory))
    return common.verdict("create, 1,000,000 users",
                          endpoint.ratios(many, endpoint.rates(few)), 0.6)


def memory(cluster, api, pool):
    """What the api child has of memory while it makes a million users."""
    sizes, made = [], 0
    while made < MILLION:
        made += api.create(pool, 32)["done"]
        sizes.append((made, common.memory_mib(api.child)[1]))
        common.print_row("resident MiB after %d" % made, "%.1f" % sizes[-1][1])
    half = next(size for made, size in sizes if made >= MILLION // 2)
    held = common.limit("resident MiB, a goal", sizes[-1][1], MEMORY_GOAL)
    return held & common.limit("growth of the second half, MiB",
                               sizes[-1][1] - half, 1)


PARTS = {"create": create, "get": get, "million": million, "memory": memory,
         "passwords": passwords.part, "together": together.part,
         "arrival": arrival.part, "pages": pages.part}
USUAL = "create get passwords together arrival pages million"


def main():
    held = True
    with common.Cluster() as cluster:
        pool = daemon.make_pool(cluster, "api", endpoint.TEMPLATE)
        api = endpoint.Api(cluster, "api", "--role", "http")
        try:
            for part in os.environ.get("PARTS", USUAL).split():
                common.print_head("API: " + PARTS[part].__doc__)
                held &= PARTS[part](cluster, api, pool)
        finally:
            api.end()
    sys.exit(not held)


main()
