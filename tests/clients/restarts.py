#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PostgreSQL restarts, and its connections break, between creations of users
and while they are made.

covers: account/batch.c
"""
import signal
import threading

import aws
import busy
import house
import postgres
from aws import MAIL, mail_of
from house import wait_until

CALLERS = 6
EACH = 30
RESTARTS = 3


class Case(aws.Case):
    """With a PostgreSQL of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Server().make().start()
        cls.settings = {"database": cls.server.database()}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.server.remove()

    def setUp(self):
        self.pool = self.make_pool()
        self.made = {}  # their subs by username
        self.wrong = []

    def create(self, client, name):
        try:
            user = client.admin_create_user(
                UserPoolId=self.pool, Username=name, **MAIL,
                UserAttributes=mail_of(f"{name}@example.com"))["User"]
            self.made[name] = user["Attributes"][-1]["Value"]
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(error)

    def check(self, count):
        """All were made, once, and each was told of its own."""
        self.assertEqual(self.wrong, [])
        self.assertEqual(len(self.made), count)
        rows = self.usher.sql(
            "select a.username, sub, count(id) from account a left join "
            f"message using (pool_id, sub) where a.pool_id = '{self.pool}' "
            'group by 1, 2 order by a.username collate "C"').split("\n")
        self.assertEqual(rows, [f"{name}|{self.made[name]}|1"
                                for name in sorted(self.made)])


class Broken(Case):
    """Of clients that try once."""

    def break_waiting(self):
        """The connections of who waits for a lock."""
        broken = set(busy.waiting_pids(self.usher))
        self.usher.sql("select pg_terminate_backend(pid) from unnest(array"
                       f"[{','.join(broken)}]::int[]) as pid")
        wait_until(lambda: len(set(busy.waiting_pids(self.usher)) - broken)
                   >= len(broken), what="all wait on other connections")

    def while_locked(self, table, mode):
        threads = [threading.Thread(target=self.create, args=(
            self.usher.client(), f"user{number}"))
            for number in range(CALLERS)]
        with busy.locked(self.usher, table, mode):
            for thread in threads:
                thread.start()
            wait_until(lambda: busy.waiting(self.usher) == busy.CREATORS,
                       what="who creates waits")
            self.break_waiting()
        for thread in threads:
            thread.join()
        self.check(CALLERS)

    def test_while_users_are_inserted(self):
        self.while_locked("account", "share row exclusive")

    def test_while_the_pool_is_read(self):
        self.while_locked("user_pool", "access exclusive")

    def test_restart_between(self):
        ends = (signal.SIGINT, signal.SIGQUIT, signal.SIGQUIT)
        for number, how in enumerate(ends):
            self.create(self.aws, f"before{number}")
            self.server.stop(how)
            self.server.start()
            self.create(self.aws, f"behind{number}")
        self.check(2 * len(ends))


class Tried(Case):
    """Of clients that try as often as boto3 does by itself."""

    def call(self, number):
        client = self.usher.client(retries={"mode": "legacy"})
        for turn in range(EACH):
            self.create(client, f"user{number}-{turn}")

    def test_restarts_meanwhile(self):
        threads = [threading.Thread(target=self.call, args=(number,))
                   for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        for part in range(1, RESTARTS + 1):
            wait_until(lambda: len(self.made) >= part * CALLERS
                       * EACH // (RESTARTS + 2), 30, "some are made")
            self.server.restart()
        for thread in threads:
            thread.join()
        self.check(CALLERS * EACH)


if __name__ == "__main__":
    house.main()
