# SPDX-License-Identifier: MIT
"""together - creations that mail lanes deliver at the same time, beside
creations alone."""
import statistics
import time

import common
import daemon
import endpoint
import peers

CONNECTIONS = 32
BAR = 0.5
GOAL_US = 50


def drain(question, last):
    """Waits until all behind the id LAST went: how many, how many of them a
    second from the first creation on."""
    while question.ask(daemon.IDLE) != "t":
        time.sleep(0.1)
    sent, seconds = question.ask(
        "select count(*) filter (where outcome = 'sent'), extract(epoch from "
        "max(settled_at) - min(created_at)) from message join outcome on "
        "message_id = id where id > %s" % last).split("|")
    return int(sent), int(sent) / float(seconds)


def measure(api, pool, sink, question):
    last = question.ask("select coalesce(max(id), 0) from message")
    before = common.tree_cpu_seconds(api.process.pid)
    taken = common.tree_cpu_seconds(sink.pid)
    figures = api.create(pool, CONNECTIONS)
    created = figures["rate"]
    sent, figures["rate"] = drain(question, last)
    if sent < figures["done"]:
        common.fail("%d of %d messages were sent" % (sent, figures["done"]))
    figures["own"] = (common.tree_cpu_seconds(api.process.pid)
                      - before) * 1e6 / sent
    figures["sink"] = (common.tree_cpu_seconds(sink.pid) - taken) * 1e6 / sent
    figures["created"] = created
    return figures


def measure_all(cluster, api, pool, sink):
    """Figures of creations alone and of those that are delivered."""
    here = daemon.make_pool(cluster, "together", endpoint.TEMPLATE)
    both = endpoint.Api(cluster, "together", smtp_port=str(sink.port),
                        smtp_tls="off", smtp_hello="bench.example")
    question = daemon.Question(cluster, "together")
    alone, delivered = [], []
    try:
        for _ in range(common.ROUNDS):
            alone.append(api.create(pool, CONNECTIONS))
            delivered.append(measure(both, here, sink, question))
    finally:
        question.end()
        both.end()
    return alone, delivered


def part(cluster, api, pool):
    """Creations that are delivered at once, beside creations alone."""
    with peers.Sink() as sink:
        alone, delivered = measure_all(cluster, api, pool, sink)
    common.print_row("", "a second", "median ms", "99 in 100",
                     "CPU us, engine", "CPU us, PostgreSQL")
    endpoint.print_side("created alone", alone)
    endpoint.print_side("created and delivered", delivered)
    common.print_row("created meanwhile, a second", common.spread(
        [f["created"] for f in delivered]))
    common.print_row("CPU us, smtp-sink", common.spread(
        [f["sink"] for f in delivered]))
    held = common.verdict("created and delivered beside created",
                          endpoint.ratios(delivered, endpoint.rates(alone)),
                          BAR)
    return held & common.limit(
        "CPU us of the engine for an invitation, a goal",
        statistics.median(f["own"] for f in delivered), GOAL_US)
