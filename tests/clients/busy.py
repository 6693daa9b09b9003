# SPDX-License-Identifier: MIT
"""An usherd whose threads wait for the database, and one that has more to do
than it may queue."""
import contextlib
import json
import resource
import select
import socket
import unittest

from house import HOUSE, wait_until
from signer import Caller, Signer

WAIT_MOST = 4096  # of routes.c: requests that wait for a thread
CREATORS = 2      # of routes.c: threads that create users
CONNECTIONS = WAIT_MOST + 500
DESCRIPTORS = CONNECTIONS + 100
SETTINGS = {"listen_connections": CONNECTIONS}
CREATE = "AdminCreateUser"
CODE = "TooManyRequestsException"


@contextlib.contextmanager
def locked(server, table, mode):
    """Who wants a lock of the table that this mode excludes waits."""
    holder = HOUSE.converse(
        ["psql", "-XqAt", "-d", server.settings["database"]],
        HOUSE.path("psql.log"))
    holder.stdin.write(f"begin; lock table {table} in {mode} mode; "
                       "select 'locked';\n")
    if holder.stdout.readline() != "locked\n":
        raise AssertionError(f"{table} cannot be locked")
    try:
        yield
    finally:
        holder.stdin.close()
        holder.wait(15)
        holder.stdout.close()
        HOUSE.processes.remove(holder)


def no_writes(server):
    """Nobody writes users meanwhile; they are read."""
    return locked(server, "account", "share row exclusive")


def waiting_pids(server):
    """The connections of threads of the API that wait for a lock."""
    return server.sql(
        "select pid from pg_stat_activity where datname = "
        "current_database() and wait_event_type = 'Lock' and "
        "application_name = 'usher http'").split()


def waiting(server):
    """How many threads of the API wait for a lock."""
    return len(waiting_pids(server))


class _Crowd:
    """Connections that asked and wait for their answers."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def ask(self, body, headers):
        lines = "".join(f"{name}: {headers[name]}\r\n" for name in headers)
        one = socket.create_connection(("127.0.0.1", self.port))
        one.sendall(f"POST / HTTP/1.1\r\n{lines}Content-Length: {len(body)}"
                    "\r\n\r\n".encode() + body)
        self.sockets.append(one)

    def answers(self):
        """Those that came and were not read yet."""
        poll = select.poll()
        for one in self.sockets:
            poll.register(one, select.POLLIN)
        ready = {number for number, _ in poll.poll(0)}
        return [one.recv(65536).decode() for one in self.sockets
                if one.fileno() in ready]

    def leave(self):
        for one in self.sockets:
            one.close()


def _fill(server, crowd, pool):
    """The threads are held by creations that wait for a lock; the queue by
    requests without a signature, which cost little when their turn comes."""
    host = f"127.0.0.1:{server.port}"
    body = json.dumps({"UserPoolId": pool, "Username": "crowd"}).encode()
    headers = Signer(server.key).sign(host, CREATE, body)

    def all_held():
        crowd.ask(body, headers)
        return waiting(server) >= CREATORS
    wait_until(all_held, what="all threads wait")
    del headers["authorization"]
    for _ in range(WAIT_MOST + 100):
        crowd.ask(body, headers)
    wait_until(lambda: any(CODE in answer for answer in crowd.answers()),
               what="the queue is full")


def _is_busy(server):
    caller = Caller(server.port, Signer(server.key))
    answer = caller.call(CREATE)
    caller.close()
    return answer.body["__type"] == CODE


@contextlib.contextmanager
def full(server, pool):
    """A server with SETTINGS takes no more creations meanwhile, and does
    again afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < DESCRIPTORS:
        raise unittest.SkipTest(f"only {hard} descriptors are allowed")
    if 0 <= soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    crowd = _Crowd(server.port)
    with no_writes(server):
        try:
            _fill(server, crowd, pool)
            yield
        finally:
            crowd.leave()
    wait_until(lambda: not _is_busy(server), what="the queue is short again")
