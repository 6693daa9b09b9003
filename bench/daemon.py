# SPDX-License-Identifier: MIT
"""daemon - usherd at work for a benchmark: a user pool, a full queue, and
what emptying it takes, beside other programs that do the same."""
import json
import resource
import signal
import subprocess
import time

import common

IDLE = ("select not exists (select from ready)"
        " and not exists (select from lease)"
        " and not exists (select from later)")
ROWS = (("rate", "a second", "%.0f"),
        ("own", "CPU us each, lanes or floor", "%.0f"),
        ("PostgreSQL", "CPU us each, PostgreSQL", "%.0f"),
        ("peer", "CPU us each, peer", "%.0f"),
        ("others", "cores taken by other work", "%.2f"))


def make_pool(cluster, name, template):
    """A database with one user pool; the pool's id."""
    config = cluster.config(name, mail_from="Bench <no-reply@bench.example>")
    cluster.sql("create database " + name)
    common.usher(config, "init")
    common.usher(config, "sandbox", "exit")
    path = cluster.folder + "/pool.json"
    with open(path, "w") as out:
        json.dump({"PoolName": "bench", "AdminCreateUserConfig": {
            "InviteMessageTemplate": template}}, out)
    common.usher(config, "pool", "create", "--file", path)
    return cluster.sql("select id from user_pool", name)


def fill(cluster, name, pool, medium, count):
    common.run(common.BUILD + "/bench/fill", "%s/%s.conf" % (
        cluster.folder, name), pool, medium, str(count), "4")


def start(cluster, name, **settings):
    config = cluster.config(
        name, mail_from="Bench <no-reply@bench.example>", **settings)
    log = open(cluster.folder + "/usherd.log", "w")
    return subprocess.Popen([common.BUILD + "/usherd", "--config", config],
                            stderr=log)


class Question:
    """One psql that answers again and again, cheaply."""

    def __init__(self, cluster, name):
        self.process = subprocess.Popen(
            ["psql", "-XqAt", cluster.database(name)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask("set search_path = usher; select 1")

    def ask(self, statement):
        self.process.stdin.write(statement + ";\n")
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def note_memory(memory, supervisor):
    """The keeper is the last child that the supervisor starts."""
    pids = common.children(supervisor)
    names = ["text lane"] * (len(pids) - 1) + ["keeper"]
    for pid, name in [(supervisor, "supervisor"), *zip(pids, names)]:
        try:
            comm = open("/proc/%d/comm" % pid).read().strip()
            figures = common.memory_mib(pid)
        except (OSError, KeyError):
            continue
        memory[pid] = ("mail lane" if comm == "usher-mail" else name, figures)


def deliver(cluster, name, count, **settings):
    """Runs usherd until all went; a dictionary of figures."""
    question = Question(cluster, name)
    before = common.tree_cpu_seconds(cluster.pid)
    daemon = start(cluster, name, **settings)
    memory = {}
    while question.ask(IDLE) != "t":
        time.sleep(0.5)  # to look is not free either
        note_memory(memory, daemon.pid)
        if daemon.poll() is not None:
            common.fail("usherd ended; see its log")
    lanes = sum(common.cpu_seconds(pid) for pid, (kind, _) in memory.items()
                if kind.endswith("lane"))
    postgres = common.tree_cpu_seconds(cluster.pid) - before
    seconds = float(question.ask(
        "select extract(epoch from max(settled_at) - (select min("
        "backend_start) from pg_stat_activity where application_name = "
        "'usher lane')) from outcome"))
    sent = int(question.ask(
        "select count(*) from outcome where outcome = 'sent'"))
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    question.end()
    if sent != count:
        common.fail("%d of %d messages were sent" % (sent, count))
    return {"count": count, "rate": count / seconds,
            "own": lanes * 1e6 / count, "PostgreSQL": postgres * 1e6 / count,
            "memory": memory}


def deliver_copy(cluster, template, peer, count, **settings):
    """The same with a new database that has what TEMPLATE has."""
    cluster.sql("create database copy template " + template)
    cluster.sql("checkpoint")
    found = watched(peer, lambda: deliver(cluster, "copy", count, **settings))
    cluster.sql("drop database copy")
    return found


def floor(peer, run):
    """Figures of a program; RUN() runs it and says how many it handled."""
    return watched(peer, lambda: run_floor(run))


def run_floor(run):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    count = run()
    seconds = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"count": count, "rate": count / seconds, "own": 1e6 / count * (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)}


def watched(peer, run):
    """The figures of RUN(), and what it took of the PEER and the CPUs."""
    begin = time.monotonic()
    busy = common.busy_seconds()
    taken = common.tree_cpu_seconds(peer.pid)
    figures = run()
    taken = common.tree_cpu_seconds(peer.pid) - taken
    known = sum(figures[part] for part in ("own", "PostgreSQL")
                if part in figures) * figures["count"] / 1e6 + taken
    figures["peer"] = taken * 1e6 / figures["count"]
    figures["others"] = (common.busy_seconds() - busy - known) / (
        time.monotonic() - begin)
    return figures


def contest(*sides):
    """Rounds of all SIDES, (title, run) each, in turn: usherd first, then its
    floor; the figures of each side."""
    found = [[] for _ in sides]
    for _ in range(common.ROUNDS):
        for (_, run), figures in zip(sides, found):
            figures.append(run())
    common.print_row("", *(title for title, _ in sides))
    for key, words, form in ROWS:
        common.print_row(words, *(
            common.spread([f[key] for f in figures], form)
            if key in figures[0] else "" for figures in found))
    return found


def print_memory(figures):
    """Of children that do the same, the largest."""
    largest = {}
    for name, sizes in figures[-1]["memory"].values():
        largest[name] = max(sizes, largest.get(name, sizes))
    common.print_row("", "peak MiB", "resident MiB", "private MiB")
    for name, sizes in sorted(largest.items()):
        common.print_row(name, *("%.1f" % size for size in sizes))


def verdict(name, found, bar):
    """Whether usherd, the first of FOUND, held the BAR beside the second."""
    return common.verdict(name, [
        o["rate"] / f["rate"] for o, f in zip(*found[:2])], bar)
