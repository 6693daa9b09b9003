# SPDX-License-Identifier: MIT
"""common - what the benchmarks share: a private PostgreSQL, figures from
/proc, rounds and medians, and the lines that are printed."""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILDDIR", "build")
SOURCE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
TICKS = os.sysconf("SC_CLK_TCK")


def fail(words):
    sys.exit("bench: " + words)


def run(*words, **options):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, **options)
    if done.returncode:
        fail("%s ended with %d" % (" ".join(words[:3]), done.returncode))
    return done.stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A private PostgreSQL in a folder that goes with it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="usher-bench-")
        os.chmod(self.folder, 0o755)
        self.process = subprocess.Popen(
            [BUILD + "/tests/cluster", self.folder, "--stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.base = self.process.stdout.readline().strip()
        if not self.base:
            fail("no PostgreSQL")
        pid_file = self.folder + "/pg/data/postmaster.pid"
        self.pid = int(open(pid_file).readline())
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, name):
        return self.base.replace("dbname=postgres", "dbname=" + name)

    def sql(self, statement, name="postgres"):
        return run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c",
                   "set search_path = usher", "-c", statement,
                   self.database(name))

    def script(self, path, name):
        run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", path,
            self.database(name))

    def config(self, name, **settings):
        """Writes a settings file for the database NAME; its path."""
        settings["database"] = self.database(name)
        settings["key_file"] = self.folder + "/keys"
        path = "%s/%s.conf" % (self.folder, name)
        with open(path, "w") as out:
            for key, value in settings.items():
                out.write('%s = "%s"\n' % (key, value))
        return path


def usher(config, *words):
    return run(BUILD + "/usher", *words, "--config", config)


def children(pid):
    path = "/proc/%d/task/%d/children" % (pid, pid)
    try:
        return [int(word) for word in open(path).read().split()]
    except OSError:
        return []


def cpu_seconds(pid, ended_too=True):
    """User and system time of a process, with children that ended."""
    try:
        stat = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    fields = stat[11:15] if ended_too else stat[11:13]
    return sum(int(field) for field in fields) / TICKS


def tree_cpu_seconds(pid):
    return cpu_seconds(pid) + sum(map(tree_cpu_seconds, children(pid)))


def busy_seconds():
    """What all CPUs did since the start, idle and waiting left out."""
    fields = [int(f) for f in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def memory_mib(pid):
    """(peak, resident, private) of a process."""
    found = {}
    for line in open("/proc/%d/status" % pid):
        key, _, value = line.partition(":")
        if key in ("VmHWM", "VmRSS", "RssAnon"):
            found[key] = int(value.split()[0]) / 1024
    return found["VmHWM"], found["VmRSS"], found["RssAnon"]


def spread(values, form="%.0f"):
    return "%s [%s..%s]" % (form % statistics.median(values),
                            form % min(values), form % max(values))


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo")
             if line.startswith("model name")]
    total = int(open("/proc/meminfo").readline().split()[1]) // 1048576
    return ["%d x %s, %d GiB, Linux %s" % (
        len(model), model[0], total, os.uname().release.split("-")[0]),
        run("psql", "--version") + ", fsync and synchronous_commit on, "
        "shared_buffers 64MB",
        "load before: " + " ".join(open("/proc/loadavg").read().split()[:3]),
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())]


def print_head(title):
    print("\n== " + title)
    for line in machine():
        print("   " + line)
    sys.stdout.flush()


def print_row(*cells):
    print("   %-34s" % cells[0] + "".join("%22s" % c for c in cells[1:]))
    sys.stdout.flush()


def verdict(name, ratios, bar):
    """The line that counts; whether the bar held."""
    median = statistics.median(ratios)
    held = median >= bar
    print("%s %s: median ratio %s over %d rounds, bar %.2f" % (
        "PASS" if held else "MISSED", name, spread(ratios, "%.2f"),
        len(ratios), bar))
    return held


def limit(name, figure, most):
    """The line that counts of a figure without a floor."""
    held = figure < most
    print("%s %s: %.1f, bar %g" % ("PASS" if held else "MISSED", name, figure,
                                   most))
    return held
