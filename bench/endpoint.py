# SPDX-License-Identifier: MIT
"""endpoint - the API at work for a benchmark: usherd, signed requests, wrk,
pgbench beside them."""
import json
import os
import re
import subprocess
import time

import common
import peers

SECONDS = int(os.environ.get("SECONDS_EACH", "8"))
MOST = int(os.environ.get("MOST_A_SECOND", "25000"))
TEMPLATE = {"EmailSubject": "Your account",
            "EmailMessage": "Hello {username}, your password is {####}."}
OPTIONS = ("-c search_path=usher -c enable_hashjoin=off "
           "-c enable_mergejoin=off -c enable_seqscan=off -c jit=off")
HASH = "blake2b$" + "a" * 16 + "$" + "b" * 64


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
            "-s", common.SOURCE + "/api.lua", "http://" + self.host, "--", path)
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
