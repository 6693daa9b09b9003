# SPDX-License-Identifier: MIT
"""Kills parts of an installation, its relay, its gateway and its database,
and starts again what does not come back by itself. All of it in one thread:
the kernel ends a child with the thread that made it."""
import os
import random
import re
import signal
import time

from house import children_of, program_of

BACK_MOST = 1.5  # seconds until somebody starts it again
BEGUN = re.compile(r"-(smtp|http)-(\d+)-[0-9a-f]{6}\b.*lane begins")


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


class Lanes:
    """The children of usherd: which is what. Its log_level is debug."""

    def __init__(self, usher):
        self.usher = usher

    def pids(self, kind):
        """Those of a kind; none while a child cannot be told from others."""
        if not self.usher.daemons:
            return []
        begun = {int(pid): carrier
                 for carrier, pid in BEGUN.findall(self.usher.logged())}
        found = {"mail lane": [], "text lane": [], "keeper": []}
        for pid in children_of(self.usher.daemons[-1].pid):
            if program_of(pid) == "usher-mail":
                found["mail lane"].append(pid)
            elif begun.get(pid) == "http":
                found["text lane"].append(pid)
            else:
                found["keeper"].append(pid)
        certain = len(found["text lane"]) == len(found["keeper"]) == 1
        return found[kind] if certain or kind == "mail lane" else []


class Wreck:
    def __init__(self, usher, relay, kannel, server, seed):
        self.usher = usher
        self.relay = relay
        self.kannel = kannel
        self.server = server
        self.lanes = Lanes(usher)
        self.random = random.Random(seed)
        self.due = {}  # what is down: when and how it is started again
        self.times = []  # (kind, begin, end) of each kill
        self.killed_lanes = set()  # ids of processes
        self.killed_last = None
        self.orphans = []  # of Postfix's master
        self.kinds = {
            "mail lane": self.kill_child, "text lane": self.kill_child,
            "keeper": self.kill_child, "supervisor": self.kill_supervisor,
            "Postfix": self.kill_relay, "smtpd or cleanup": self.kill_smtpd,
            "smsbox": self.kill_kannel, "bearerbox": self.kill_kannel,
            "PostgreSQL, killed": self.kill_database,
            "PostgreSQL, crashed": self.kill_database}

    def plan(self, count):
        """Kinds in random order, each as often as any other, and when to
        kill, as shares of the work done."""
        kinds = []
        while len(kinds) < count:
            kinds += self.random.sample(list(self.kinds), len(self.kinds))
        moments = sorted(self.random.uniform(0.02, 0.9)
                         for _ in range(count))
        return list(zip(moments, kinds))

    def strike(self, kind):
        """False when there is nothing of the kind to kill now."""
        begin = time.time()
        if not self.kinds[kind](kind):
            return False
        self.times.append((kind, begin, time.time()))
        return True

    def up(self):
        return not self.due

    def come_back(self, part, revive):
        after = self.random.uniform(0, BACK_MOST)
        self.due[part] = (time.monotonic() + after, revive)

    def revive(self):
        """Starts what is due; what cannot start yet is tried again."""
        if "kannel" not in self.due and not self.kannel.runs():
            self.due["kannel"] = (0, self.kannel.revive)
        for part, (moment, revive) in list(self.due.items()):
            if time.monotonic() < moment:
                continue
            if revive() is False:
                self.due[part] = (time.monotonic() + 0.2, revive)
            else:
                del self.due[part]

    def kill_child(self, kind):
        pids = self.lanes.pids(kind)
        if not pids:
            return False
        pid = self.random.choice(pids)
        self.killed_lanes.add(pid)
        self.killed_last = pid
        return kill(pid)

    def kill_supervisor(self, _):
        if "usherd" in self.due:
            return False
        self.usher.stop(how=signal.SIGKILL)
        self.come_back("usherd", self.start_supervisor)
        return True

    def start_supervisor(self):
        try:
            self.usher.start()
        except AssertionError:  # It says why: there is no database.
            self.usher.daemons.pop()
            return False
        return True

    def kill_relay(self, _):
        if "postfix" in self.due:
            return False
        self.orphans = children_of(self.relay.master.pid)
        if self.random.random() < 0.5:
            self.relay.kill()
        else:
            self.relay.kill_master()
        self.come_back("postfix", self.start_relay)
        return True

    def start_relay(self):
        for pid in self.orphans:
            if self.relay.owns(pid):
                kill(pid)
        try:
            self.relay.start()
        except AssertionError:  # The orphans' sockets are not closed yet.
            return False
        return True

    def kill_smtpd(self, _):
        if "postfix" in self.due:
            return False
        pids = [pid for pid in children_of(self.relay.master.pid)
                if program_of(pid) in ("smtpd", "cleanup")]
        if not pids:
            self.relay.answers()  # which takes one
            return False
        return kill(self.random.choice(pids))

    def kill_kannel(self, kind):
        process = getattr(self.kannel, kind)
        if "kannel" in self.due or process.poll() is not None:
            return False
        process.kill()
        process.wait()
        self.come_back("kannel", self.kannel.revive)
        return True

    def kill_database(self, kind):
        if "postgres" in self.due:
            return False
        if kind.endswith("killed"):
            self.server.kill()
        else:
            self.server.crash()
        self.come_back("postgres", self.server.start)
        return True
