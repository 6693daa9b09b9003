#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api - AdminCreateUser by HTTP, signed and durable, beside pgbench with the
bare statement that creates a user."""
import json
import os
import re
import statistics
import subprocess
import sys
import time

import common
import daemon
import peers

HERE = common.SOURCE
SECONDS = int(os.environ.get("SECONDS_EACH", "8"))
MOST = int(os.environ.get("MOST_A_SECOND", "25000"))
KNOWN = 5000  # users that sign has read
CLIENTS = (1, 2, 4, 8, 16, 32)
TEMPLATE = {"EmailSubject": "Your account",
            "EmailMessage": "Hello {username}, your password is {####}."}
OPTIONS = ("-c search_path=usher -c enable_hashjoin=off "
           "-c enable_mergejoin=off -c enable_seqscan=off -c jit=off")
SUB = ("('00000000-0000-7000-' || lpad(to_hex(:client_id::bigint), 4, '0') || '-' || "
       "lpad(to_hex(:n::bigint), 12, '0'))")
USER = "('guest' || :client_id::bigint || '.' || :n::bigint)"
HASH = "blake2b$" + "a" * 16 + "$" + "b" * 64
SEALED = "\\x" + "ab" * 70


class Api:
    """usherd that serves the API, and a key of it."""

    def __init__(self, cluster, name, *words, **settings):
        self.cluster = cluster
        self.name = name
        self.port = common.free_port()
        self.host = "127.0.0.1:%d" % self.port
        config = cluster.config(name, listen=self.host, log_level="warning",
                                mail_from="b@bench.example", **settings)
        self.key = json.loads(common.usher(
            config, "access-key", "create", "--user", "bench",
            "--full-access", "--json"))
        self.process = subprocess.Popen(
            [common.BUILD + "/usherd", "--config", config, *words],
            stderr=open(cluster.folder + "/api.log", "w"))
        self.drawn = 0
        for _ in range(100):
            if subprocess.run(["curl", "-sf", "http://%s/readyz" % self.host],
                              stdout=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)
        else:
            self.end()
            common.fail("usherd is not ready")
        self.child = common.children(self.process.pid)[-1]

    def end(self):
        self.process.terminate()
        self.process.wait()

    def sign(self, pool, kind, first, count):
        """A file of that many requests."""
        path = self.cluster.folder + "/requests"
        with open(path, "wb") as out:
            subprocess.run([common.BUILD + "/bench/sign", self.host,
                            self.key["AccessKeyId"],
                            self.key["SecretAccessKey"], pool, kind,
                            str(first), str(count)], stdout=out, check=True)
        return path

    def load(self, pool, kind, connections, first=None):
        """Figures of wrk with so many connections."""
        count = MOST * SECONDS
        if first is None:
            first = self.drawn
            self.drawn += count
        path = self.sign(pool, kind, first, count)
        before = common.cpu_seconds(self.child)
        postgres = common.tree_cpu_seconds(self.cluster.pid)
        said = common.run(
            peers.find("wrk"), "-t1", "-c%d" % connections, "-d%ds" % SECONDS,
            "-s", HERE + "/api.lua", "http://" + self.host, "--", path)
        done, micros, median, tail, refused, broken = map(
            int, re.search(r"figures (.*)", said)[1].split())
        if refused or broken:
            common.fail("%d requests were refused, %d broke: %s" % (
                refused, broken, re.findall("refused .*", said)))
        return {"rate": done * 1e6 / micros, "median": median / 1000,
                "tail": tail / 1000, "own": (
                    common.cpu_seconds(self.child) - before) * 1e6 / done,
                "PostgreSQL": (common.tree_cpu_seconds(self.cluster.pid)
                               - postgres) * 1e6 / done}


def bare_script(cluster, pool):
    """The statement of sql/invite.sql for pgbench, its parameters bound."""
    text = open(HERE + "/../sql/invite.sql").read()
    text = text.split("-- name: invite_create\n")[1].split("-- name:")[0]
    text = re.sub(r"--.*", "", text)
    mail = USER + " || '@bench.example'"
    values = {
        1: "'%s'" % pool, 2: SUB, 3: USER, 4: "'FORCE_CHANGE_PASSWORD'",
        5: "('{\"email\":\"' || %s || '\"}')" % mail, 6: "'%s'" % HASH,
        7: "604800000", 8: "'{username}'", 9: "array[%s]" % USER,
        10: "'{EMAIL}'", 11: "array[%s]" % mail,
        12: "array['%s']" % SEALED, 13: "'{%s}'" % ("c" * 64),
        14: "'{null}'", 15: "'{null}'", 16: USER, 17: "'%s'" % ("d" * 64),
        18: "'bench'"}
    text = re.sub(r"\$(\d+)", lambda m: values[int(m[1])], text)
    path = cluster.folder + "/create.sql"
    with open(path, "w") as out:
        out.write("\\set n :n + 1\n" + " ".join(text.split()) + "\n")
    return path


def pgbench(cluster, name, script, clients, start):
    """Transactions a second."""
    environment = dict(os.environ, PGOPTIONS=OPTIONS)
    said = common.run("pgbench", "-n", "-M", "prepared", "-c", str(clients),
                      "-j", "1", "-T", str(SECONDS), "-D", "n=%d" % start,
                      "-f", script, cluster.database(name), env=environment)
    return (float(re.search(r"tps = ([\d.]+)", said)[1]),
            float(re.search(r"latency average = ([\d.]+)", said)[1]))


def insert_users(cluster, name, pool, first, count):
    """As many as creations by the API would leave, without messages."""
    cluster.sql(
        "insert into account (pool_id, sub, username, status, attributes, "
        "password_hash, password_expires_at, created_by) select '%s', "
        "('01000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, "
        "'guest' || lpad(i::text, 8, '0'), 'FORCE_CHANGE_PASSWORD', "
        "json_build_object('email', i || '@bench.example'), '%s', "
        "now() + interval '7 days', '%s' from generate_series(%d, %d) i; "
        "insert into name (pool_id, kind, value, sub) select pool_id, "
        "'username', username, sub from account where pool_id = '%s'; "
        "analyze account; analyze name; checkpoint" % (
            pool, HASH, "d" * 64, first, first + count - 1, pool), name)


def print_side(title, found):
    common.print_row(title, *(common.spread([f[key] for f in found], form)
                              for key, form in (
        ("rate", "%.0f"), ("median", "%.2f"), ("tail", "%.1f"),
        ("own", "%.0f"), ("PostgreSQL", "%.0f")) if key in found[0]))


def ratios(found, floor):
    return [f["rate"] / best for f, best in zip(found, floor)]


def create(cluster, api, pool):
    """Creations beside the best of pgbench, and one client's median."""
    script = bare_script(cluster, daemon.make_pool(cluster, "bare", TEMPLATE))
    floor, medians, start = [], [], 0
    found = {connections: [] for connections in (1, 32, 256)}
    for _ in range(common.ROUNDS):
        rates = []
        for clients in CLIENTS:
            start += 10 ** 7
            rate, milliseconds = pgbench(cluster, "bare", script, clients,
                                         start)
            rates.append(rate)
            if clients == 1:
                medians.append(milliseconds)
        floor.append(max(rates))
        for connections, figures in found.items():
            figures.append(api.load(pool, "create", connections))
    common.print_row("", "a second", "median ms", "99 in 100", "CPU us, api",
                     "CPU us, PostgreSQL")
    common.print_row("pgbench, best of 1 to 32", common.spread(floor))
    common.print_row("pgbench, 1 client", "", common.spread(medians, "%.2f"))
    for connections, figures in found.items():
        print_side("usherd, %d connections" % connections, figures)
    held = common.verdict("create, 32 connections",
                          ratios(found[32], floor), 1.0)
    held &= common.verdict("create, 256 connections, a goal",
                           ratios(found[256], floor), 1.8)
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
    found, floor = [], []
    insert_users(cluster, api.name, pool, 0, KNOWN)
    for _ in range(common.ROUNDS):
        floor.append(max(pgbench(cluster, api.name, path, clients, 0)[0]
                         for clients in (8, 32)))
        found.append(api.load(pool, "get", 32, 0))
    common.print_row("", "a second", "median ms", "99 in 100", "CPU us, api",
                     "CPU us, PostgreSQL")
    common.print_row("pgbench, best of 8 and 32", common.spread(floor))
    print_side("usherd, 32 connections", found)
    return common.verdict("get", ratios(found, floor), 0.5)


def million(cluster, api, pool):
    """Creations with a million users there beside none, and memory."""
    empty = daemon.make_pool(cluster, "other", TEMPLATE)
    other = Api(cluster, "other", "--role", "http")
    pool = common.usher(cluster.folder + "/api.conf", "pool", "create",
                        "--name", "million")
    few, many, memory = [], [], []
    try:
        insert_users(cluster, api.name, pool, 5 * 10 ** 7, 10 ** 6)
        for _ in range(common.ROUNDS):
            few.append(other.load(empty, "create", 32))
            many.append(api.load(pool, "create", 32))
            memory.append(common.memory_mib(api.child)[1])
    finally:
        other.end()
    print_side("none", few)
    print_side("1,000,000 users", many)
    common.print_row("resident MiB of the api child, each round", *(
        "%.1f" % size for size in memory))
    return common.verdict("create, 1,000,000 users", [
        m["rate"] / f["rate"] for m, f in zip(many, few)], 0.6)


PARTS = {"create": create, "get": get, "million": million}


def main():
    held = True
    with common.Cluster() as cluster:
        pool = daemon.make_pool(cluster, "api", TEMPLATE)
        api = Api(cluster, "api", "--role", "http")
        try:
            for part in os.environ.get("PARTS", "create get million").split():
                common.print_head("API: " + PARTS[part].__doc__)
                held &= PARTS[part](cluster, api, pool)
        finally:
            api.end()
    sys.exit(not held)


main()
