#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mail - usherd with two mail lanes beside smtp-source with two sessions,
to the same smtp-sink, with mails of the same size, alternated."""
import os
import resource
import shutil
import signal
import smtplib
import socketserver
import subprocess
import sys
import threading
import time

import common

COUNT = int(os.environ.get("COUNT", "50000"))
SIZE = 4096
LANES = 2
PARAGRAPHS = 16  # and a word or two more: SIZE bytes
BAR = 0.7
PARTS = ("lanes", "PostgreSQL", "smtp-source", "sink")
PATH = os.environ["PATH"] + ":/usr/sbin"
SENTENCE = ("<p>Your account is ready for you to use; what follows says how "
            "to sign in &amp; whom to ask.</p>\n")
IDLE = ("select not exists (select from ready)"
        " and not exists (select from in_flight)"
        " and not exists (select from later)")


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


def smtp_source(port, length, count):
    start = time.monotonic()
    common.run(shutil.which("smtp-source", path=PATH), "-d", "-s", str(LANES),
               "-m", str(count), "-l", str(length), "-f", "a@bench.example",
               "-t", "b@bench.example", "127.0.0.1:%d" % port)
    return time.monotonic() - start


class Sink:
    def __enter__(self):
        self.port = common.free_port()
        words = [shutil.which("smtp-sink", path=PATH)]
        if os.geteuid() == 0:
            words += ["-u", common.nobody()]
        self.process = subprocess.Popen(
            words + ["127.0.0.1:%d" % self.port, "512"])
        for _ in range(100):
            try:
                smtplib.SMTP("127.0.0.1", self.port).quit()
                return self
            except OSError:
                time.sleep(0.05)
        common.fail("smtp-sink does not answer")

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()


def make_pool(cluster, name, paragraphs):
    """A pool whose mail has about SIZE bytes: one paragraph is some 200."""
    config = cluster.config(name, mail_from="Bench <no-reply@bench.example>")
    cluster.sql("create database " + name)
    common.usher(config, "init")
    path = cluster.folder + "/pool.json"
    message = ("<html><body>\n" + SENTENCE * paragraphs +
               "<p>" + "usher " * 24 + "</p>\n"
               "<p>{username}: <b>{####}</b></p>\n</body></html>\n")
    with open(path, "w") as out:
        out.write('{"PoolName": "bench", "AdminCreateUserConfig": {'
                  '"InviteMessageTemplate": {"EmailSubject": '
                  '"Your account", "EmailMessage": "%s"}}}' %
                  message.replace("\n", "\\n"))
    common.usher(config, "pool", "create", "--file", path)
    return cluster.sql("select id from user_pool", name)


def fill(cluster, name, pool, count):
    config = "%s/%s.conf" % (cluster.folder, name)
    common.run(common.BUILD + "/bench/fill", config, pool, str(count), "4")


def start_usherd(cluster, name, port):
    config = cluster.config(name, smtp_port=str(port), smtp_tls="off",
                            mail_lanes=str(LANES), smtp_hello="bench.example",
                            mail_from="Bench <no-reply@bench.example>")
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


def deliver(cluster, name, port, count):
    """Runs usherd until all went; a dictionary of figures."""
    question = Question(cluster, name)
    before = common.tree_cpu_seconds(cluster.pid)
    daemon = start_usherd(cluster, name, port)
    memory = {}
    while question.ask(IDLE) != "t":
        time.sleep(0.25)
        for pid in [daemon.pid] + common.children(daemon.pid):
            note_memory(memory, pid, daemon.pid)
        if daemon.poll() is not None:
            common.fail("usherd ended; see its log")
    lanes = sum(common.cpu_seconds(pid) for pid in memory
                if memory[pid][0] == "usher-mail")
    postgres = common.tree_cpu_seconds(cluster.pid) - before
    seconds = float(question.ask(
        "select extract(epoch from max(settled_at) - (select min("
        "backend_start) from pg_stat_activity where application_name = "
        "'usher lane')) from message"))
    sent = int(question.ask(
        "select count(*) from message where outcome = 'sent'"))
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    question.end()
    if sent != count:
        common.fail("%d of %d mails were sent" % (sent, count))
    return {"rate": count / seconds, "lanes": lanes * 1e6 / count,
            "PostgreSQL": postgres * 1e6 / count, "memory": memory}


def note_memory(memory, pid, supervisor):
    try:
        name = open("/proc/%d/comm" % pid).read().strip()
        figures = common.memory_mib(pid)
    except (OSError, KeyError):
        return
    if name == "usherd":
        name = "supervisor" if pid == supervisor else "keeper"
    memory[pid] = (name, figures)


def size_of_ours(cluster):
    pool = make_pool(cluster, "small", PARAGRAPHS)
    fill(cluster, "small", pool, 20)
    return measure_size(lambda port: deliver(cluster, "small", port, 20))


def one_round(sink, deliver_all):
    """Figures of usherd or of smtp-source, and of what it took of the CPUs;
    DELIVER_ALL gives the rate and what it knows already."""
    begin = time.monotonic()
    busy = common.busy_seconds()
    taken = common.cpu_seconds(sink.process.pid)
    figures = deliver_all()
    taken = common.cpu_seconds(sink.process.pid) - taken
    figures["sink"] = taken * 1e6 / COUNT
    ours = sum(figures[part] for part in PARTS if part in figures)
    figures["others"] = (common.busy_seconds() - busy - ours * COUNT / 1e6
                         ) / (time.monotonic() - begin)
    return figures


def floor_round(port, length):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate = COUNT / smtp_source(port, length, COUNT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"rate": rate, "smtp-source": 1e6 / COUNT * (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)}


def rounds(cluster, length):
    ours, floor = [], []
    with Sink() as sink:
        for number in range(common.ROUNDS):
            name = "round%d" % number
            cluster.sql("create database %s template filled" % name)
            cluster.sql("checkpoint")
            ours.append(one_round(sink, lambda: deliver(
                cluster, name, sink.port, COUNT)))
            cluster.sql("drop database " + name)
            floor.append(one_round(sink, lambda: floor_round(
                sink.port, length)))
    return ours, floor


def report(ours, floor):
    def row(name, key, form="%.0f"):
        common.print_row(name, *(
            common.spread([f[key] for f in side], form)
            if key in side[0] else "" for side in (ours, floor)))

    common.print_row("", "usherd, %d lanes" % LANES,
                     "smtp-source -s %d" % LANES)
    row("mails/s", "rate")
    for part in PARTS:
        row("CPU us a mail, " + part, part)
    row("cores taken by other work", "others", "%.2f")
    common.print_row("", "peak MiB", "resident MiB", "private MiB")
    for name, figures in sorted(ours[-1]["memory"].values()):
        common.print_row(name, *("%.1f" % figure for figure in figures))
    return common.verdict("mail", [
        o["rate"] / f["rate"] for o, f in zip(ours, floor)], BAR)


def main():
    common.print_head("%d mails to smtp-sink" % COUNT)
    with common.Cluster() as cluster:
        size = size_of_ours(cluster)
        length = SIZE - measure_size(
            lambda port: smtp_source(port, SIZE, 4)) + size
        theirs = measure_size(lambda port: smtp_source(port, length, 4))
        common.print_row("bytes of a mail: usherd %d" % size,
                         "smtp-source %d" % theirs)
        pool = make_pool(cluster, "filled", PARAGRAPHS)
        fill(cluster, "filled", pool, COUNT)
        cluster.sql("vacuum analyze", "filled")
        held = report(*rounds(cluster, length))
    sys.exit(not held)


main()
