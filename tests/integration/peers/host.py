# SPDX-License-Identifier: MIT
"""usherd with a PostgreSQL of its own that may fail, and a relay that waits
where a test wants it to."""
import email
import email.policy
import threading
import unittest

import postgres
import relay
from house import HOUSE, Usher, children_of, program_of, wait_until
from smtp_peer import Peer

LEASE = 10  # seconds, the least that the settings allow


class Hold:
    """An answer of the relay that waits until it is let go, the first time."""

    def __init__(self, text):
        self.text = text
        self.reached = threading.Event()
        self.free = threading.Event()

    def __call__(self, count, line):
        if not self.reached.is_set():
            self.reached.set()
            self.free.wait(60)
        return self.text

    def wait(self):
        wait_until(self.reached.is_set, 20, "the relay is reached")

    def let_go(self):
        self.free.set()


class HostCase(unittest.TestCase):
    """A server for each class; usherd and the relay for each test."""

    turn = 0
    server = None
    peer = None

    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Server().make().start()
        cls.install(cls.server.database())

    @classmethod
    def install(cls, database):
        cls.usher = Usher(HOUSE, database=database, mail_carrier="smtp",
                          smtp_tls="off", mail_lanes=1, retry_first=1,
                          lease_seconds=LEASE, smtp_session_timeout=8,
                          smtp_reply_timeout=8).init()
        cls.pool = cls.usher.pool()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def tearDown(self):
        self.usher.stop_all()
        if self.peer:
            self.peer.stop()
        self.usher.sql("delete from usher.later; delete from usher.ready; "
                       "delete from usher.lease")

    def begin(self, count=1, settings=None, **answers):
        """Queues COUNT mails, starts usherd; answers their ids."""
        self.peer = Peer(**answers)
        self.usher.write(**{"smtp_port": self.peer.port, "mail_lanes": 1,
                            "poll_ms": 20, **(settings or {})})
        ids = self.invite_many(count)
        self.usher.start()
        return ids

    def invite_many(self, count):
        ids = []
        for _ in range(count):
            HostCase.turn += 1
            ids.append(self.usher.invite_mail(self.pool, f"user{self.turn}"))
        return ids

    def mails(self):
        """What the relay got: (recipient, Message-ID, password) of each."""
        found = []
        for text in self.peer.mails:
            mail = email.message_from_bytes(text, policy=email.policy.default)
            found.append((mail["To"], mail["Message-ID"],
                          relay.password_of(mail)))
        return found

    def all_sent(self, ids, seconds=30):
        for number in ids:
            self.usher.reaches(number, "sent", seconds)

    def each_once(self, ids):
        self.all_sent(ids)
        self.assertEqual(len(self.peer.mails), len(ids))
        self.assertEqual(len(set(self.mails())), len(ids))

    def classes(self, number):
        return [attempt["class"]
                for attempt in self.usher.message(number)["history"]]

    def lanes(self):
        return [pid for pid in children_of(self.usher.daemons[-1].pid)
                if program_of(pid) == "usher-mail"]

    def lane(self):
        pid, = wait_until(self.lanes, 15, "a lane")
        return pid

    def hold_claims(self):
        """Claims wait, with their work done and not committed, until the
        server ends the session of the process that comes back."""
        self.usher.sql(
            "create or replace function usher.hold() returns trigger language "
            "plpgsql as $$ begin perform pg_advisory_xact_lock(7); return "
            "null; end $$; create trigger hold before insert on "
            "usher.lease execute function usher.hold()")
        self.addCleanup(self.usher.sql, "drop trigger hold on usher.lease")
        lock = HOUSE.spawn(
            ["psql", "-X", "-q", "-d", self.usher.settings["database"], "-c",
             "select pg_advisory_lock(7); select pg_sleep(60)"], "/dev/null")
        self.blocked("pg_sleep")
        return lock

    def blocked(self, words):
        wait_until(lambda: self.usher.sql(
            "select count(*) from pg_stat_activity where pid <> "
            "pg_backend_pid() and wait_event is not null and state = 'active' "
            f"and query like '%{words}%'") != "0", 15, f"{words} waits")

    def leases_end(self, pid):
        """Those of a lane that is dead, as if their time had passed."""
        wait_until(lambda: program_of(pid) == "", 10, f"{pid} is gone")
        self.usher.sql("update usher.lease set lease_until = now() "
                       f"where owner like '%-{pid}-%'")
