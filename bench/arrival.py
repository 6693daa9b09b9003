# SPDX-License-Identifier: MIT
"""arrival - from the arrival of a request to the relay's answer that it took
the mail, one at a time, beside a bare commit."""
import os
import statistics
import subprocess

import common
import daemon
import endpoint

COUNT = int(os.environ.get("INVITES", "500"))
BAR, GOAL = 8.0, 4.0  # bare commits
RESTS = (0, 50)  # ms between two: the lane at work, and asleep


def measure(api, pool, port, count, rest_ms):
    """Milliseconds until the answer, and until the mail was taken, of each."""
    path = api.sign("AdminCreateUser", (
        endpoint.create_body(pool, name) for name in api.names(count)))
    with open(path, "rb") as requests:
        said = common.run(common.BUILD + "/bench/arrival", str(api.port),
                          str(port), str(count), str(rest_ms),
                          stdin=requests)
    os.unlink(path)
    return [[int(word) / 1000 for word in line.split()]
            for line in said.splitlines()]


def report(title, values):
    common.print_row(title, *("%.2f" % figure for figure in (
        statistics.median(values),
        sorted(values)[len(values) * 99 // 100], max(values))))


def measure_all(cluster, api, pool, port):
    """Bare commits, and of each rest what was measured, in milliseconds."""
    script = endpoint.bare_script(cluster, daemon.make_pool(
        cluster, "still", endpoint.TEMPLATE))
    bare = {rest_ms: [] for rest_ms in RESTS}
    found = {rest_ms: [] for rest_ms in RESTS}
    turn = 0
    for rest_ms in RESTS * common.ROUNDS:
        found[rest_ms] += measure(api, pool, port, COUNT // common.ROUNDS,
                                  rest_ms)
        turn += 1
        bare[rest_ms].append(endpoint.pgbench(
            cluster, "still", script, 1, turn * 10 ** 7, rest_ms)[1])
    return bare, found


def part(cluster, _, __):
    """One request after the other, until the relay has its mail."""
    port = common.free_port()
    pool = daemon.make_pool(cluster, "arrival", endpoint.TEMPLATE)
    api = endpoint.Api(cluster, "arrival", smtp_port=str(port),
                       smtp_tls="off", smtp_hello="bench.example")
    try:
        measure(api, pool, port, 20, 0)  # plans settle
        bare, found = measure_all(cluster, api, pool, port)
    finally:
        api.end()
    common.print_row("", "median ms", "99 in 100", "most")
    held = True
    for rest_ms, figures in found.items():
        answered, taken = zip(*figures)
        common.print_row("a bare commit, %d ms between" % rest_ms,
                         common.spread(bare[rest_ms], "%.2f"))
        report("answered, %d ms between" % rest_ms, answered)
        report("taken, %d ms between" % rest_ms, taken)
        held &= common.limit(
            "arrival to acceptance, %d ms between, in bare commits (goal %g)"
            % (rest_ms, GOAL),
            statistics.median(taken) / statistics.median(bare[rest_ms]), BAR)
    return held
