# SPDX-License-Identifier: MIT
"""passwords - creations with a password that the caller chose, beside
argon2id alone and beside creations whose password is generated."""
import os
import statistics

import common
import endpoint

BAR = 0.85
GROWTH = 3.0
CHOSEN = 32  # connections
PLAIN = 4
REST_MS = int(os.environ.get("REST_MS", "50"))
MOST = 2000  # creations a second that any machine hashes


def hashes(*more):
    """argon2id alone on all CPUs, a second."""
    return float(common.run(common.BUILD + "/bench/hash", str(os.cpu_count()),
                            str(endpoint.SECONDS), *more))


def sign(api, pool, **more):
    return api.sign("AdminCreateUser", (
        endpoint.create_body(pool, name, **more)
        for name in api.names(MOST * endpoint.SECONDS)))


def load(api, *loads):
    """Rate, median and tail of each of LOADS, which go together."""
    running = [endpoint.Load(api, *words) for words in loads]
    return [{key: figure for key, figure in each.finish().items()
             if key in ("rate", "median", "tail")} for each in running]


def part(cluster, api, pool):
    """Passwords that callers choose beside argon2id alone, and what they do
    to creations with generated ones."""
    floor, kept, chosen, alone, beside = [], [], [], [], []
    for _ in range(common.ROUNDS):
        floor.append(hashes())
        kept.append(hashes("kept"))
        # It rests, to leave the CPUs to the hashes.
        plain = [(sign(api, pool), PLAIN, endpoint.SECONDS, REST_MS)
                 for _ in range(2)]
        alone += load(api, plain[0])
        both = load(api, (sign(api, pool, TemporaryPassword="Abcdef1!"),
                          CHOSEN), plain[1])
        chosen.append(both[0])
        beside.append(both[1])
    common.print_row("", "a second", "median ms", "99 in 100")
    common.print_row("argon2id, %d threads" % os.cpu_count(),
                     common.spread(floor))
    common.print_row("the same, each thread's memory kept",
                     common.spread(kept))
    endpoint.print_side("chosen, %d connections" % CHOSEN, chosen)
    endpoint.print_side("generated, %d connections, alone" % PLAIN, alone)
    endpoint.print_side("the same, beside chosen ones", beside)
    held = common.verdict("chosen passwords",
                          endpoint.ratios(chosen, floor), BAR)
    growth = [b["tail"] / a["tail"] for a, b in zip(alone, beside)]
    return held & common.limit("99 in 100 of generated ones beside them",
                               statistics.median(growth), GROWTH)
