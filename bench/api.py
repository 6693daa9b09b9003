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
CLIENTS = (1, 2, 4, 8, 16, 32)
BARS = {32: 1.0, 256: 1.0}
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

    def __init__(self, cluster, name, **settings):
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
            [common.BUILD + "/usherd", "--config", config],
            stderr=open(cluster.folder + "/api.log", "w"))
        self.drawn = 0
        for _ in range(100):
            if subprocess.run(["curl", "-sf", "http://%s/readyz" % self.host],
                              stdout=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)
        else:
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
            common.fail("%d requests were refused, %d broke" % (refused,
                                                                broken))
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


def run(cluster, api, pool, script):
    start = 0
    for _ in range(common.ROUNDS):
        for clients in CLIENTS:
            start += 10 ** 7
            print("pgbench", clients, pgbench(cluster, "bare", script,
                                              clients, start))
        for connections in (1, 32, 256):
            print("api", connections, api.load(pool, "create", connections),
                  flush=True)


def main():
    common.print_head("AdminCreateUser by HTTP beside the bare statement")
    with common.Cluster() as cluster:
        pool = daemon.make_pool(cluster, "api", TEMPLATE)
        bare_pool = daemon.make_pool(cluster, "bare", TEMPLATE)
        script = bare_script(cluster, bare_pool)
        api = Api(cluster, "api", mail_carrier="none", text_carrier="none")
        try:
            run(cluster, api, pool, script)
        finally:
            api.end()


main()
