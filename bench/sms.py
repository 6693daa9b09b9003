#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sms - usherd's text lane beside a bare loop of libcurl with the same body
over as many connections, into nginx that answers 200; wrk by the side."""
import http.server
import json
import os
import re
import sys
import threading

import common
import daemon
import peers

COUNT = int(os.environ.get("COUNT", "50000"))
CONNECTIONS = [int(n) for n in os.environ.get("CONNECTIONS",
                                              "1 2 4 8").split()]
WRK_SECONDS = 3
BAR = 0.7
TEMPLATE = {"SMSMessage": "Hello {username}, your temporary password is "
                          "{####} and it works for a week."}
WRK = """\
local file = io.open("{body}")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
"""


class Gateway(http.server.BaseHTTPRequestHandler):
    """Keeps the last body that was posted."""
    body = b""

    def do_POST(self):
        Gateway.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def settings(cluster, port, connections):
    path = cluster.folder + "/gateway.json"
    with open(path, "w") as out:
        json.dump({
            "name": "bench", "method": "POST",
            "url": "http://127.0.0.1:%d/messages" % port,
            "json": {"to": "{to}", "from": "Bench", "text": "{text}",
                     "reference": "{message_key}"},
            "success": {"statuses": [{"status": 200}]},
            "allow_private_addresses": True,
            "limits": {"concurrency": connections}}, out)
    return {"mail_carrier": "none", "gateway_file": path,
            "text_concurrency": str(connections)}


def make_filled(cluster, name, count):
    pool = daemon.make_pool(cluster, name, TEMPLATE)
    daemon.fill(cluster, name, pool, "SMS", count)
    cluster.sql("vacuum analyze", name)


def find_body(cluster):
    """A file with what the text lane posts."""
    make_filled(cluster, "small", 1)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        daemon.deliver(cluster, "small", 1, **settings(
            cluster, server.server_address[1], 1))
        server.shutdown()
    path = cluster.folder + "/body"
    with open(path, "wb") as out:
        out.write(Gateway.body)
    common.print_row("bytes of a body", len(Gateway.body))
    return path


def post(url, body, connections):
    common.run(common.BUILD + "/bench/curl", url, body, str(COUNT),
               str(connections))
    return COUNT


def wrk(url, script, connections):
    said = common.run(peers.find("wrk"), "-t1", "-c%d" % connections,
                      "-d%ds" % WRK_SECONDS, "-s", script, url)
    if "Non-2xx" in said:
        common.fail("nginx refused wrk")
    return int(re.search(r"(\d+) requests in", said)[1])


def contest(cluster, body, nginx, connections):
    url = "http://127.0.0.1:%d/messages" % nginx.port
    script = nginx.write("post.lua", WRK.format(body=body))
    return daemon.contest(
        ("usherd", lambda: daemon.deliver_copy(
            cluster, "filled", nginx, COUNT,
            **settings(cluster, nginx.port, connections))),
        ("libcurl", lambda: daemon.floor(
            nginx, lambda: post(url, body, connections))),
        ("wrk", lambda: daemon.floor(
            nginx, lambda: wrk(url, script, connections))))


def main():
    held = []
    common.print_head("%d SMS into nginx" % COUNT)
    with common.Cluster() as cluster, peers.Nginx() as nginx:
        body = find_body(cluster)
        make_filled(cluster, "filled", COUNT)
        for connections in CONNECTIONS:
            words = "%d connections" % connections
            print("-- " + words)
            found = contest(cluster, body, nginx, connections)
            held.append(daemon.verdict("sms, " + words, found, BAR))
    daemon.print_memory(found[0])
    sys.exit(not all(held))


main()
