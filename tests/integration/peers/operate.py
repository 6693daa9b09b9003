#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator does with a running installation: counts, lanes that are
paused, a user pool's messages cancelled, a rate, old messages forgotten.

covers: cli/commands/lane.c
covers: cli/commands/queue.c
covers: delivery/gate.c
covers: delivery/keeper.c
covers: delivery/lane_state.c
covers: delivery/queue_counts.c
"""
import json
import os
import re
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
from house import HOUSE, lines_of, wait_until  # noqa: E402
from smtp_peer import Peer  # noqa: E402

CAPTURE = {"mail_carrier": "capture", "text_carrier": "capture",
           "allow_capture": "yes"}


class OperateCase(house.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usher.good("sandbox", "exit")
        cls.pool = cls.usher.pool()

    def invite(self, name, pool=None):
        return self.usher.invite_mail(pool or self.pool, name)

    def state(self, number):
        return self.usher.message(number)["state"]

    def fails(self, status, words, *command):
        result = self.usher.run(*command)
        self.assertEqual(result.status, status, (command, result))
        self.assertIn(words, result.err)
        self.assertLess(len(result.err), 500)


class Lanes(OperateCase):
    # Only a notification wakes a lane before the tests are over.
    settings = {**CAPTURE, "poll_ms": 60000, "retry_first": 1}

    def tearDown(self):
        for medium in ("mail", "text"):
            self.usher.run("lane", "resume", medium)
        super().tearDown()

    def lanes(self, medium="EMAIL"):
        return [lane for lane in self.usher.json("lane", "show")["lanes"]
                if lane["medium"] == medium]

    def start_two(self):
        for _ in range(2):
            self.usher.start()
        wait_until(lambda: len(self.lanes()) == 2 and
                   len(self.lanes("SMS")) == 2, 15, "four lanes")

    def test_woken(self):
        self.usher.start()
        wait_until(self.lanes, 15, "the lane waits")
        self.usher.reaches(self.invite("awake"), "sent")

    def test_pause_and_resume_on_all_hosts(self):
        self.start_two()
        told = self.usher.good("lane", "pause", "mail", "--reason",
                               "the relay moves").out
        self.assertIn("EMAIL is paused on all hosts", told)
        numbers = [self.invite(f"paused{i}") for i in range(10)]
        later = self.invite("paused-later")
        self.usher.sql("with r as (delete from usher.ready where id = "
                       f"{later} returning *) insert into "
                       "usher.later (id, medium, due_at, attempts, losses, "
                       "sealed, expires_at) select id, medium, now(), 0, 0, "
                       "sealed, expires_at from r")
        # The other medium goes on, on both.
        for i in range(10):
            number = self.usher.invite(self.pool, f"text{i}",
                                       phone_number=f"+155555520{i:02}")[0]
            self.usher.reaches(number, "sent")
        self.usher.stop_all()
        self.usher.write(poll_ms=20)
        self.addCleanup(self.usher.write, poll_ms=60000)
        self.start_two()
        wait_until(lambda: {lane["state"] for lane in self.lanes()} ==
                   {"idle"}, 15, "the lanes look in vain")
        time.sleep(0.5)  # 25 more looks
        self.assertEqual({self.state(number) for number in numbers},
                         {"queued"})
        self.assertEqual(self.state(later), "retry")
        pause, = self.usher.json("lane", "show")["pauses"]
        self.assertEqual((pause["medium"], pause["reason"]),
                         ("EMAIL", "the relay moves"))
        self.assertRegex(pause["who"], r"^usher/\w+$")
        self.assertRegex(
            self.usher.good("lane", "show").out,
            r"(?m)^EMAIL is paused since \S+ by usher/\w+: the relay moves$")
        self.usher.stop_all()
        self.usher.write(poll_ms=60000)
        self.start_two()
        self.assertEqual(self.usher.good("lane", "resume", "email").out,
                         "EMAIL goes on\n")
        for number in (*numbers, later):
            self.usher.reaches(number, "sent")
        self.assertEqual(self.usher.json("lane", "show")["pauses"], [])
        self.assertEqual(self.usher.sql(
            "select string_agg(action || ' ' || object, ', ' order by id) "
            "from usher.audit where action like 'lane %' and "
            "object = 'EMAIL'"),
            "lane pause EMAIL, lane resume EMAIL")

    def test_shown(self):
        self.assertIn("no lane is at work",
                      self.usher.good("lane", "show").out)
        self.start_two()
        lanes = self.lanes()
        self.assertEqual(len({lane["owner"] for lane in lanes}), 2)
        for lane in lanes:
            self.assertEqual((lane["carrier"], lane["state"]),
                             ("capture", "idle"))
            self.assertLess(lane["seen_seconds_ago"], 60)
        self.assertRegex(self.usher.good("lane", "show").out,
                         r"(?m)^EMAIL idle +\S+-capture-\d+-\w+ +\d+ of \d+ "
                         r"at a time, up to \d+ each, since \S+Z$")
        self.usher.stop(how=house.signal.SIGKILL)
        self.usher.sql("update usher.lane set seen_at = now() - "
                       "interval '2 minutes'")
        self.assertRegex(self.usher.good("lane", "show").out,
                         r"(?m)^EMAIL lost ")
        self.usher.stop_all()
        self.usher.sql("update usher.lane set seen_at = now() - "
                       "interval '25 hours'")
        self.usher.start("--role", "keeper")
        wait_until(lambda: self.usher.sql("select count(*) from usher.lane")
                   == "0", 15, "those of yesterday are forgotten")

    def test_fault_is_shown(self):
        port = HOUSE.port()
        self.usher.write(mail_carrier="smtp", smtp_port=port, mail_lanes=1)
        self.addCleanup(self.usher.write, **CAPTURE)
        number = self.invite("nowhere")
        self.usher.start()
        lane = wait_until(lambda: [lane for lane in self.lanes()
                                   if lane["state"] == "pausing"], 20,
                          "the lane pauses")[0]
        self.assertIn("cannot connect", lane["words"])
        self.assertIn("cannot connect", self.usher.good("lane", "show").out)
        self.usher.good("queue", "cancel", str(number))

    def test_bad_words(self):
        self.fails(2, "'fax' is no lane: mail (EMAIL) or text (SMS)",
                   "lane", "pause", "fax")
        self.fails(2, "is no lane", "lane", "resume", "")
        self.fails(2, "something is missing: usher lane pause LANE",
                   "lane", "pause")
        self.fails(2, "one word too many", "lane", "pause", "mail", "text")
        self.fails(2, "one word too many", "lane", "show", "mail")
        self.fails(2, "lane", "lane", "stop", "mail")
        for reason in ("", "two\nlines", "bell\a", "x" * 201):
            self.fails(2, "reason: it must be one line of 1 to 200 bytes",
                       "lane", "pause", "mail", "--reason", reason)
        self.fails(5, "EMAIL is not paused", "lane", "resume", "MAIL")
        self.usher.good("lane", "pause", "SMS", "--reason", "x" * 200)
        self.fails(5, "SMS is paused already; 'usher lane show' says since "
                   "when and why", "lane", "pause", "text")
        self.assertEqual(self.usher.json("lane", "resume", "Text"), {})


class Counts(OperateCase):
    settings = CAPTURE

    def counts(self):
        counts = self.usher.json("queue")
        return {entry["state"]: entry["count"] for entry in counts["states"]}

    def test_all(self):
        self.assertEqual(self.usher.good("queue").out, "no messages\n")
        self.assertEqual(set(self.counts().values()), {0})
        # Each of them moved to where the lanes would move it.
        ids = [self.invite(f"user{i}") for i in range(14)]
        sent, delivered, bounced, refused, held, cancelled = ids[:6]
        self.usher.good("queue", "cancel", str(cancelled), "--reason", "once")
        self.usher.sql(
            f"delete from usher.ready where id in ({ids[0]}, {ids[1]}, "
            f"{ids[2]}, {ids[3]}, {ids[4]}, {ids[6]}, {ids[7]}, {ids[8]}, "
            f"{ids[9]}); insert into usher.outcome (message_id, medium, "
            f"outcome, cause) values ({sent}, 'EMAIL', 'sent', null), "
            f"({delivered}, 'EMAIL', 'sent', null), ({bounced}, 'EMAIL', "
            f"'sent', null), ({refused}, 'EMAIL', 'refused', '5.1.1'), "
            f"({held}, 'EMAIL', 'held', 'no answer'); update usher.message "
            f"set receipt = 'delivered' where id = {delivered}; update "
            f"usher.message set receipt = 'bounced' where id = {bounced}; "
            "insert into usher.later (id, medium, due_at, attempts, losses, reason) "
            f"select id, 'EMAIL', now(), 1, 0, 'busy' from unnest(array["
            f"{ids[6]}, {ids[7]}]) as x (id); insert into usher.blocked (id, "
            "medium, reason, address) values "
            f"({ids[8]}, 'EMAIL', 'a rule', ''); insert into usher.lease "
            "(epoch, medium, owner, lease_until, ids, attempts, losses, "
            "sealed) values (1, 'EMAIL', 'x', now() + interval '1 hour', "
            f"array[{ids[9]}], '{{1}}', '{{0}}', '{{null}}'); "
            "update usher.message set created_at = now() - interval "
            f"'90 minutes' where id = {ids[10]}")
        # None of the media fits.
        self.usher.json("invite", "--pool", self.pool, "--username", "skip",
                        "--medium", "EMAIL", "--medium", "SMS",
                        "--attribute", "email=skip@example.com")
        self.assertEqual(self.counts(), {
            "queued": 5, "sending": 1, "retry": 2, "blocked": 1, "sent": 1,
            "delivered": 1, "bounced": 1, "refused": 1, "held": 1,
            "cancelled": 1, "skipped": 1})
        self.assertEqual(self.counts(), {**{
            state: 0 for state in self.counts()}, **self.usher.states()})
        text = self.usher.good("queue").out
        self.assertRegex(text, r"(?m)^queued +5, the oldest of \S+Z$")
        for line in (r"retry +2, the oldest of \S+", r"sent +1",
                     r"retry +EMAIL +2  busy", r"refused +EMAIL +1  5\.1\.1",
                     r"cancelled +EMAIL +1  once", r"held +EMAIL +1  no answer",
                     r"blocked +EMAIL +1  a rule"):
            self.assertRegex(text, f"(?m)^{line}$")
        queued, = [entry for entry in self.usher.json("queue")["states"]
                   if entry["state"] == "queued"]
        self.assertTrue(5400 <= queued["age_seconds"] < 7200, queued)
        self.assertFalse(queued["about"])
        for state, count in self.counts().items():
            self.assertEqual(len(self.usher.json("queue", "list", "--state",
                                                 state)), count, state)

    def test_more_than_is_counted(self):
        usher = house.Usher(HOUSE).init()
        pool = usher.pool()
        usher.invite_mail(pool, "first")
        usher.sql(
            "with born as (insert into usher.message (pool_id, medium, "
            "destination, username, template_hash) select pool_id, medium, "
            "destination, username, template_hash from usher.message, "
            "generate_series(1, 100500) returning medium, pool_id, id) "
            "insert into usher.ready select * from born")
        usher.sql("analyze usher.ready, usher.message")
        text = usher.good("queue").out
        found = re.match(r"queued +about (\d+), the oldest of ", text)
        self.assertTrue(found, text)
        self.assertTrue(95000 <= int(found[1]) <= 106000, text)
        # In steps, and all of them.
        told = usher.good("queue", "cancel", "--pool", pool, "--yes").out
        self.assertIn("100501 messages are cancelled", told)
        self.assertEqual(usher.states(), {"cancelled": 100501})

    def test_bad_words(self):
        self.fails(2, "is not a command", "queu")
        self.fails(2, "lst", "queue", "lst")
        self.fails(2, "--state", "queue", "--state", "sent")
        self.fails(2, "state 'gone' is none; --help lists them",
                   "queue", "list", "--state", "gone")
        for limit in ("0", "x", "-1", "100001", "1e3"):
            self.fails(2, "limit: '", "queue", "list", "--limit", limit)


class CancelPool(OperateCase):
    def fill(self, name):
        """A pool with two messages that are ready, one later, one blocked
        and one in a session."""
        pool = self.usher.pool(name)
        ready, also, later, blocked, flying = ids = [
            self.invite(f"{name}{i}", pool) for i in range(5)]
        self.usher.sql(
            f"delete from usher.ready where id in ({later}, {blocked}, "
            f"{flying}); insert into usher.later (id, medium, due_at, "
            f"attempts, losses) values ({later}, 'EMAIL', now() + interval "
            "'1 hour', 1, 0); insert into usher.blocked (id, medium, reason, "
            f"address) values ({blocked}, 'EMAIL', 'a rule', ''); insert into "
            "usher.lease (epoch, medium, owner, lease_until, ids, attempts, "
            "losses, sealed) values (nextval('usher.lease_epoch'), 'EMAIL', "
            f"'x', now() + interval '1 hour', array[{flying}], '{{1}}', "
            "'{0}', '{null}')")
        return pool, ids

    def states(self, ids):
        return [self.state(number) for number in ids]

    def test_dry_run_then_yes(self):
        pool, ids = self.fill("mine")
        _, others = self.fill("theirs")
        before = self.states(ids)
        self.assertEqual(before, ["queued", "queued", "retry", "blocked",
                                  "sending"])
        command = ("queue", "cancel", "--pool", pool)
        self.assertEqual(lines_of(self.usher.good(*command).out), [
            "waiting in this user pool: 2 queued, 1 for a retry, 1 blocked",
            "nothing is cancelled yet; --yes cancels them"])
        self.assertEqual(self.usher.json(*command),
                         {"queued": 2, "retry": 1, "blocked": 1})
        self.assertEqual(self.states(ids), before)
        told = self.usher.good(*command, "--yes", "--reason", "wrong list")
        self.assertEqual(lines_of(told.out)[-1], "4 messages are cancelled")
        self.assertEqual(self.states(ids), ["cancelled"] * 4 + ["sending"])
        for number in ids[:4]:
            message = self.usher.message(number)
            self.assertEqual(message["reason"], "wrong list")
            self.assertFalse(message["has_secret"])
        self.assertEqual(self.states(others), before)
        self.assertEqual(self.usher.sql(
            "select action, object, detail ->> 'queued' from usher.audit "
            f"where object = '{pool}' and action like 'queue%'"),
            f"queue cancel|{pool}|2")
        self.assertIn("0 messages", self.usher.good(*command, "-y").out)

    def test_while_it_delivers(self):
        pool = self.usher.pool("busy")
        numbers = [self.invite(f"busy{i}", pool) for i in range(60)]
        self.usher.write(**CAPTURE)
        self.addCleanup(self.usher.write, mail_carrier="none",
                        text_carrier="none")
        self.usher.start()
        self.usher.good("queue", "cancel", "--pool", pool, "--yes")
        wait_until(lambda: set(self.states(numbers)) <=
                   {"sent", "cancelled"}, 20, "each is one of both")
        self.assertEqual(
            int(self.usher.sql("select count(*) from usher.captured c join "
                               "usher.message m on m.id = c.message_id where "
                               f"m.pool_id = '{pool}'")),
            self.states(numbers).count("sent"))

    def test_bad_words(self):
        number = self.invite("bad")
        self.fails(2, "either a message or --pool, not both", "queue",
                   "cancel", str(number), "--pool", self.pool, "--yes")
        self.fails(2, "something is missing: a message or --pool",
                   "queue", "cancel", "--yes")
        self.fails(3, "us-east-1_none", "queue", "cancel", "--pool",
                   "us-east-1_none", "--yes")
        self.fails(2, "reason: it must be one line", "queue", "cancel",
                   "--pool", self.pool, "--yes", "--reason", "a\nb")
        self.assertEqual(self.state(number), "queued")


class Rates(OperateCase):
    def test_mail_rate(self):
        """A second's worth goes at once, the others at the rate."""
        came = []

        def note(count, line):
            came.append(time.monotonic())
            return "250 2.0.0 taken"
        peer = Peer(dot=note)
        self.addCleanup(peer.stop)
        numbers = [self.invite(f"rate{i}") for i in range(35)]
        self.usher.write(mail_carrier="smtp", smtp_port=peer.port,
                         mail_lanes=2, mail_rate=10)
        begun = time.monotonic()
        self.usher.start()
        for number in numbers:
            self.usher.reaches(number, "sent")
        self.assertEqual(len(came), 35)
        self.assertGreater(came[-1] - begun, 35 / 10 - 1 - 0.2)

    def test_bad_values(self):
        for name, value in (("mail_rate", -1), ("mail_rate", "fast"),
                            ("mail_rate", 1000001), ("keep_days", -1),
                            ("keep_days", 36501), ("keep_days", "1.5")):
            path = self.usher.file("bad.conf", f'{name} = "{value}"\n')
            result = self.usher.run("pool", "list", "--config", path)
            self.assertEqual(result.status, 7, result)
            self.assertIn(f"{name}: '{value}' is not a number from 0 to",
                          result.err)
        for name in ("bounce_address", "public_url"):
            path = self.usher.file("bad.conf", f'{name} = "{"x" * 1100}"\n')
            result = self.usher.run("pool", "list", "--config", path)
            self.assertEqual(result.status, 7, result)
            self.assertIn(f"{name}: 'xxx", result.err)

    def usherd_fails(self, words):
        done = subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config], capture_output=True, text=True, check=False,
            timeout=30 * house.SLOW)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn(words, done.stderr)

    def test_addresses_that_cannot_be(self):
        profile = self.usher.file("gateway.json", json.dumps({
            "name": "x", "url": "http://127.0.0.1:9/", "method": "GET",
            "success": {}, "allow_private_addresses": True}))
        self.usher.write(mail_carrier="none", text_carrier="http",
                         gateway_file=profile)
        self.addCleanup(self.usher.write, text_carrier="none",
                        bounce_address="", public_url="")
        for address in ("bounce", "a b@usher.test", "x" * 25 + "@usher.test"):
            self.usher.write(bounce_address=address)
            self.usherd_fails(f"bounce_address: '{address}' is not")
        self.usher.write(bounce_address="")
        for url in ("usher.example.org", "ftp://usher.example.org", "https://",
                    "https:///x", "https://usher.example.org/",
                    "https://usher.example.org/a?b", "https://a b"):
            self.usher.write(public_url=url)
            self.usherd_fails(f"public_url: '{url}' is not")
        self.usher.write(public_url="https://usher.example.org/sms")
        self.usher.start()


class Completion(unittest.TestCase):
    """Of bash, with what the programs themselves say."""

    def words(self, *typed):
        script = (f". {house.SOURCE}/contrib/completions/usher.bash; "
                  'COMP_WORDS=(usher "$@"); COMP_CWORD=$#; '
                  f"_usher {house.BUILD}/usher; "
                  'echo "${COMPREPLY[*]}"')
        done = subprocess.run(["bash", "-c", script, "bash", *typed],
                              capture_output=True, text=True, check=True)
        return done.stdout.split()

    def test_words(self):
        for typed, offered in (
                (("la",), ["lane"]),
                (("lane", ""), ["show", "pause", "resume"]),
                (("queue", ""), ["list", "show", "retry", "cancel"]),
                (("queue", "c"), ["cancel"]),
                (("queue", "--j"), ["--json"]),
                (("queue", "--json", "--h"), ["--help"]),
                (("queue", "list", "--st"), ["--state"]),
                (("queue", "cancel", "--y"), ["--yes"]),
                (("bounce", "--r"), ["--recipient"]),
                (("acc",), ["access-key"]),
                (("access-key", "p"), ["policy"]),
                (("access-key", "policy", ""),
                 ["put", "list", "show", "delete"]),
                (("access-key", "policy", "put", "KEY", "--f"), ["--file"]),
                (("bounce", ""), [])):
            self.assertEqual(self.words(*typed), offered, typed)


class Keep(OperateCase):
    settings = {**CAPTURE, "keep_days": 30}

    def test_old_ones_go(self):
        ids = [self.invite(f"keep{i}") for i in range(4)]
        self.usher.start()
        for number in ids:
            self.usher.reaches(number, "sent")
        self.usher.stop_all()
        old, younger, refused, open_one = ids
        waiting = self.invite("waiting")
        self.usher.sql(
            "insert into usher.receipt (message_id, source, state) select id, "
            "'x', 'delivered' from usher.message; update usher.message set "
            "created_at = now() - interval '99 days'; update usher.outcome "
            "set settled_at = now() - interval '31 days'; "
            "update usher.outcome set settled_at = now() - interval '29 days' "
            f"where message_id = {younger}; update usher.outcome set outcome "
            f"= 'refused' where message_id = {refused}; with o as (delete "
            f"from usher.outcome where message_id = {open_one} returning "
            "message_id) insert into usher.later (id, medium, due_at, "
            "attempts, losses) select message_id, 'EMAIL', now() + interval "
            "'1 day', 1, 0 from o")
        self.usher.write(keep_days=0)
        self.usher.start("--role", "keeper")
        time.sleep(1)  # some rounds of the keeper
        self.assertEqual(len(self.usher.json("queue", "list")), 5)
        self.usher.stop_all()
        self.usher.write(keep_days=30)
        self.usher.start("--role", "keeper")
        self.usher.wait_logged("old messages are forgotten")
        wait_until(lambda: len(self.usher.json("queue", "list")) == 3, 15,
                   "two are forgotten")
        self.assertEqual({entry["id"] for entry in
                          self.usher.json("queue", "list")},
                         {younger, open_one, waiting})
        for table in ("attempt", "outcome", "receipt", "captured"):
            left = self.usher.sql(f"select string_agg(message_id::text, ' ') "
                                  f"from usher.{table} where message_id in "
                                  f"({old}, {refused})")
            self.assertEqual(left, "", table)
        self.assertEqual(len(self.usher.message(younger)["history"]), 1)
        self.assertEqual(self.usher.run("queue", "show", str(old)).status, 3)
        user = self.usher.json("user", "show", "keep0", "--pool", self.pool)
        self.assertEqual(user["Messages"], [])


if __name__ == "__main__":
    house.main()
