# SPDX-License-Identifier: MIT
"""pages - ListUsers with a million users there beside 10,000."""
import http.client
import json
import subprocess

import common
import daemon
import endpoint

FEW, MANY = 10 ** 4, 10 ** 6
PAGE = 60
CONNECTIONS = 8
BAR = 0.8


class Walker:
    """Asks for one page after the other."""

    def __init__(self, api):
        self.signer = api.signer("ListUsers", stdout=subprocess.PIPE)
        self.connection = http.client.HTTPConnection(api.host)

    def ask(self, body):
        self.signer.stdin.write(json.dumps(body).encode() + b"\n")
        self.signer.stdin.flush()
        size = int(self.signer.stdout.read(8))
        request = self.signer.stdout.read(size).decode()
        head, body = request.split("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        self.connection.request("POST", "/", body, headers)
        return json.load(self.connection.getresponse())

    def middle(self, pool, count):
        """What asks for the page behind half of COUNT users."""
        body = {"UserPoolId": pool}
        for _ in range(count // PAGE // 2):
            body["PaginationToken"] = self.ask(body)["PaginationToken"]
        return body

    def end(self):
        self.signer.communicate()
        self.connection.close()


class Installation:
    """So many users and usherd; what is asked there."""

    def __init__(self, cluster, name, count):
        self.pool = daemon.make_pool(cluster, name, endpoint.TEMPLATE)
        endpoint.insert_users(cluster, name, self.pool, 0, count)
        self.api = endpoint.Api(cluster, name, "--role", "http")
        walker = Walker(self.api)
        middle = walker.middle(self.pool, count)
        walker.end()
        email = "%d@bench.example" % (count // 2)
        self.bodies = {
            "the first page": self.body(), "one in the middle": middle,
            "email = ": self.body('email = "%s"' % email),
            "email ^= ": self.body('email ^= "%s"' % email[0]),
            "username ^= ": self.body('username ^= "guest000"')}

    def body(self, search=None):
        return {"UserPoolId": self.pool, **({"Filter": search}
                                            if search else {})}

    def load(self, title):
        return self.api.load("ListUsers", [json.dumps(self.bodies[title])],
                             CONNECTIONS)


def compare(title, few, many):
    """Rounds of one question at both; whether the bar held."""
    found = [], []
    for _ in range(common.ROUNDS):
        for side, figures in zip((few, many), found):
            figures.append(side.load(title))
    for count, figures in zip((FEW, MANY), found):
        endpoint.print_side("%s, %d" % (title, count), figures)
    return common.verdict("ListUsers, " + title, endpoint.ratios(
        found[1], endpoint.rates(found[0])), BAR)


def part(cluster, _, __):
    """Pages of ListUsers with a million users there beside 10,000."""
    few = Installation(cluster, "few", FEW)
    many = Installation(cluster, "many", MANY)
    common.print_row("", "a second", "median ms", "99 in 100", "CPU us, api",
                     "CPU us, PostgreSQL")
    held = [compare(title, few, many) for title in few.bodies]
    few.api.end()
    many.api.end()
    return all(held)
