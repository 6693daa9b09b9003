# SPDX-License-Identifier: MIT
"""endpoint - the API at work for a benchmark: usherd, signed requests, wrk,
pgbench beside them."""
import json
import os
import re
import subprocess
import tempfile
import time

import common
import peers

SECONDS = int(os.environ.get("SECONDS_EACH", "8"))
MOST = int(os.environ.get("MOST_A_SECOND", "25000"))
TEMPLATE = {"EmailSubject": "Your account",
            "EmailMessage": "Hello {username}, your password is {####}."}
OPTIONS = ("-c search_path=usher -c enable_hashjoin=off "
           "-c enable_mergejoin=off -c enable_seqscan=off "
           "-c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan "
           "-c jit=off")
SUB = ("('00000000-0000-7000-' || lpad(to_hex(:client_id::bigint), 4, '0') "
       "|| '-' || lpad(to_hex(:n::bigint), 12, '0'))")
USER = "('guest' || :client_id::bigint || '.' || :n::bigint)"
SEALED = "\\x" + "ab" * 70
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

    def signer(self, operation, **streams):
        """A process that signs the bodies that it reads."""
        return subprocess.Popen(
            [common.BUILD + "/bench/sign", self.host, self.key["AccessKeyId"],
             self.key["SecretAccessKey"], operation],
            stdin=subprocess.PIPE, **streams)

    def sign(self, operation, bodies):
        """A file of requests."""
        handle, path = tempfile.mkstemp(dir=self.cluster.folder)
        with os.fdopen(handle, "wb") as out:
            process = self.signer(operation, stdout=out)
            for body in bodies:
                process.stdin.write(body.encode() + b"\n")
            process.communicate()
        return path

    def names(self, count):
        """Names that nobody had before."""
        first = self.drawn
        self.drawn += count
        return ("guest%08d" % number for number in range(first, self.drawn))

    def load(self, operation, bodies, connections, **more):
        return Load(self, self.sign(operation, bodies), connections,
                    **more).finish()

    def create(self, pool, connections, **more):
        """Figures of creations with generated passwords."""
        return self.load("AdminCreateUser", (
            create_body(pool, name) for name in self.names(MOST * SECONDS)),
            connections, **more)


class Load:
    """wrk at work with a file of requests, which it begins anew at its end and
    which goes with it; a connection rests for REST_MS between two."""

    def __init__(self, api, path, connections, seconds=SECONDS, rest_ms=0):
        self.api = api
        self.path = path
        self.before = self.cpu()
        self.process = subprocess.Popen(
            [peers.find("wrk"), "-t1", "-c%d" % connections, "-d%ds" % seconds,
             "-s", common.SOURCE + "/api.lua", "http://" + api.host, "--",
             path, *([str(rest_ms)] if rest_ms else [])],
            stdout=subprocess.PIPE, text=True)

    def cpu(self):
        return (common.cpu_seconds(self.api.child),
                common.tree_cpu_seconds(self.api.cluster.pid))

    def finish(self):
        said, _ = self.process.communicate()
        os.unlink(self.path)
        done, micros, median, tail, refused, broken = map(
            int, re.search(r"figures (.*)", said)[1].split())
        if refused or broken:
            common.fail("%d requests were refused, %d broke: %s" % (
                refused, broken, re.findall("refused .*", said)))
        own, postgres = ((after - before) * 1e6 / done for after, before in
                         zip(self.cpu(), self.before))
        return {"done": done, "rate": done * 1e6 / micros,
                "median": median / 1000, "tail": tail / 1000, "own": own,
                "PostgreSQL": postgres}


def create_body(pool, name, **more):
    return json.dumps({
        "UserPoolId": pool, "Username": name, "UserAttributes": [
            {"Name": "email", "Value": name + "@bench.example"}],
        "DesiredDeliveryMediums": ["EMAIL"], **more})


def bare_script(cluster, pool):
    """The statement of sql/invite.sql for pgbench, its parameters bound."""
    text = open(common.SOURCE + "/../sql/invite.sql").read()
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


def pgbench(cluster, name, script, clients, start, rest_ms=0):
    """Transactions a second and the mean latency in ms; with REST_MS one
    begins each so many."""
    rate = ["-R", "%d" % (1000 / rest_ms)] if rest_ms else []
    environment = dict(os.environ, PGOPTIONS=OPTIONS)
    said = common.run("pgbench", "-n", "-M", "prepared", "-c", str(clients),
                      "-j", "1", "-T", str(SECONDS), "-D", "n=%d" % start,
                      "-f", script, *rate, cluster.database(name),
                      env=environment)
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


def rates(found):
    return [figures["rate"] for figures in found]


def ratios(found, floor):
    return [f["rate"] / best for f, best in zip(found, floor)]
