#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Torture: invitations are made, withdrawn and delivered while lanes, keeper,
supervisor, Postfix, Kannel and PostgreSQL are killed at random. Then each
message must have arrived, once but for the reasons that are allowed.

MAILS, TEXTS and KILLS say how many; SEED repeats a run, as far as the machine
does.
"""
import json
import os
import queue
import random
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

import evidence  # noqa: E402
import gateway  # noqa: E402
import house  # noqa: E402
import postgres  # noqa: E402
import relay  # noqa: E402
import wreck  # noqa: E402
from house import HOUSE, SLOW, Usher, wait_until  # noqa: E402

MAILS = int(os.environ.get("MAILS", "300"))
TEXTS = int(os.environ.get("TEXTS", "300"))
KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 30))
INVITERS = 3
WITHDRAWN = 0.06  # of the users: deleted, or invited anew
WITHDRAWALS = ("resend", "delete")
SECRETS_MOST = 200  # that are looked for in the logs
TEXTS_AT_A_TIME = 8
MOST_SECONDS = 100 + (MAILS + TEXTS) / 10
PATIENCE = 15  # seconds until what stands is pushed
BUSY = 0.05
IDLE = 3
AHEAD = (MAILS + TEXTS) // 4  # invitations, of what has arrived
UNSETTLED_MOST = 10  # of a lane when it is killed
UNANSWERED_MOST = {"EMAIL": 1, "SMS": TEXTS_AT_A_TIME}
LEASE = 10
MISSING = relay.missing() or gateway.missing()

MORE = """\
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
service_throttle_time = 1s
transport_retry_time = 1s
notify_classes =
"""


class Act:
    """What was asked of the engine, and what it answered."""

    def __init__(self, verb, username, answer):
        self.verb = verb
        self.username = username
        self.result, number, self.password = answer.split()
        self.id = int(number) if number.isdigit() else None

    def __repr__(self):
        return f"{self.verb} {self.username}: {self.result} {self.id}"


class Inviter(threading.Thread):
    """Works through a queue of what to ask for."""

    def __init__(self, usher, pool, wishes, seed):
        super().__init__(daemon=True)
        self.pool = pool
        self.wishes = wishes
        self.random = random.Random(seed)
        self.program = HOUSE.converse(
            [os.path.join(house.BUILD, "tests", "inviter"), usher.config],
            os.path.join(usher.folder, "usher.out"))
        self.invited = []
        self.asked = None
        self.acts = []

    def run(self):
        while True:
            _, _, wish = self.wishes.get()
            if not wish:
                return
            self.ask(*wish)
            if wish[0] == "create":
                self.invited.append(wish)
                if self.random.random() < WITHDRAWN:
                    self.withdraw()

    def withdraw(self):
        """One of those that were invited last."""
        place = self.random.randrange(max(0, len(self.invited) - 50),
                                      len(self.invited))
        _, medium, username, _ = self.invited.pop(place)
        self.ask(self.random.choice(WITHDRAWALS), medium, username, "-")

    def ask(self, verb, medium, username, address):
        """Asks until it is done, as whoever needs it would."""
        while True:
            self.asked = f"{verb} {self.pool} {medium} {username} {address}"
            self.program.stdin.write(self.asked + "\n")
            act = Act(verb, username, self.program.stdout.readline())
            self.acts.append(act)
            if act.result not in ("failed", "unknown"):
                return
            time.sleep(0.1)


class Far:
    """How much has come to the far ends, counted as it grows."""

    def __init__(self, mails, kannel):
        self.relay = mails
        self.printed = kannel.printed
        self.place = 0
        self.texts = 0
        self.mails = 0
        self.moved = dict.fromkeys(("mail lane", "text lane"),
                                   time.monotonic())

    def look(self):
        before = self.mails, self.texts
        self.mails = self.relay.arrived()
        self._count_texts()
        for lane, old, new in zip(self.moved, before,
                                  (self.mails, self.texts)):
            if new > old:
                self.moved[lane] = time.monotonic()

    def count(self):
        return self.mails + self.texts

    def stands(self, lane=None):
        """For so many seconds nothing has come, of that lane."""
        return time.monotonic() - (
            self.moved[lane] if lane else max(self.moved.values()))

    def _count_texts(self):
        with open(self.printed, "rb") as file:
            file.seek(self.place)
            new = file.read()
        whole = new[:new.rfind(b"\n") + 1]
        self.place += len(whole)
        self.texts += whole.count(b": <usher +")


class Run:
    """The whole of it, once; the tests look at what it left."""

    def __init__(self):
        self.begin = time.monotonic()
        self.server = postgres.Server().make()
        self.relay = relay.Relay(MORE)
        self.kannel = gateway.Kannel()
        self.server.start()
        self.usher = self.install()
        self.server.sql(evidence.WATCH)
        self.wreck = wreck.Wreck(self.usher, self.relay, self.kannel,
                                 self.server, SEED)
        self.far = Far(self.relay, self.kannel)
        self.wrong = set()
        self.looked = 0
        self.shown = 0
        self.retried = []
        self.inviters = self.make_inviters()
        self.usher.start()

    def install(self):
        usher = Usher(
            HOUSE, database=self.server.database(), log_level="debug",
            lease_seconds=LEASE, retry_first=1, smtp_session_timeout=8,
            smtp_reply_timeout=5, text_concurrency=TEXTS_AT_A_TIME).init()
        password = usher.file("password", relay.PASSWORD + "\n")
        usher.write(**self.relay.settings(password),
                    **self.kannel.settings(usher))
        path = usher.settings["gateway_file"]
        with open(path, encoding="utf-8") as file:
            profile = json.load(file)
        profile["limits"]["total_ms"] = 5000  # below the lease
        usher.file("gateway.json", json.dumps(profile))
        usher.good("sandbox", "exit")
        return usher

    def make_inviters(self):
        pool = self.usher.pool()
        guests = [("create", "EMAIL", f"mail{i}", f"mail{i}@example.com")
                  for i in range(MAILS)]
        guests += [("create", "SMS", f"text{i}", f"+4930{i:08}")
                   for i in range(TEXTS)]
        random.Random(SEED).shuffle(guests)
        self.coming = guests + [None] * INVITERS
        self.fed = 0
        self.wishes = queue.PriorityQueue()
        return [Inviter(self.usher, pool, self.wishes, SEED + i)
                for i in range(INVITERS)]

    def progress(self):
        """How much of the work is done, from 0 to 1."""
        return min(1, self.far.count() / (MAILS + TEXTS))

    def feed(self):
        """Invitations go on as long as there are deliveries."""
        most = self.far.count() + AHEAD
        while self.fed < len(self.coming) and (
                self.fed < most or self.far.stands() > PATIENCE):
            self.wishes.put((1, self.fed, self.coming[self.fed]))
            self.fed += 1

    def torture(self):
        for inviter in self.inviters:
            inviter.start()
        plan = self.wreck.plan(KILLS)
        while plan or not self.wreck.up() or self.inviting():
            self.far.look()
            self.feed()
            self.wreck.revive()
            if plan and self.time_for(*plan[0]) and \
                    self.wreck.strike(plan[0][1]):
                self.withdraw_from(plan.pop(0)[1])
            self.look(f"{len(plan)} kills to come")
            if time.monotonic() - self.begin > MOST_SECONDS:
                raise AssertionError(f"it does not end: {self.standing(plan)}")
            time.sleep(0.02)

    def standing(self, plan):
        """Why it may not go on."""
        return {"done": self.progress(), "to come": plan,
                "down": self.wreck.due,
                "inviting": [(inviter.asked, inviter.acts[-1:])
                             for inviter in self.inviters
                             if inviter.is_alive()],
                "sessions": self.server.sql(
                    "select pid, state, wait_event, pg_blocking_pids(pid), "
                    "left(query, 200) from pg_stat_activity "
                    "where backend_type = 'client backend'").splitlines(),
                "states": self.usher.states(),
                "log": self.usher.logged()[-2000:]}

    def time_for(self, moment, kind):
        """A lane is killed at work, not asleep, if it has any."""
        if self.far.stands() > PATIENCE:
            return True
        ripe = kind not in self.far.moved or not (
            BUSY < self.far.stands(kind) < IDLE)
        return ripe and self.progress() >= moment

    def withdraw_from(self, kind):
        """Some of what a killed lane had: it is claimed again only when its
        lease has run out, and then must not go. Messages of users who were
        deleted name nobody."""
        if kind not in self.far.moved or "postgres" in self.wreck.due:
            return
        users = self.server.sql(
            "select m.medium || ' ' || username from usher.lease f "
            "cross join lateral unnest(f.ids) as u (id) "
            "join usher.message m using (id) where owner like "
            f"'%-{self.wreck.killed_last}-%' and username <> '' "
            "order by id").splitlines()
        for user in self.wreck.random.sample(users, min(4, len(users))):
            verb = self.wreck.random.choice(WITHDRAWALS)
            self.wishes.put((0, len(self.wreck.times), (
                verb, *user.split(" "), "-")))

    def inviting(self):
        return any(inviter.is_alive() for inviter in self.inviters)

    def look(self, words):
        """Once a second: what must hold at any moment."""
        if time.monotonic() - self.looked < 1:
            return
        self.looked = time.monotonic()
        if "postgres" not in self.wreck.due:
            self.wrong.update(
                self.server.sql("table torture.wrong").splitlines())
        if sys.stderr.isatty():
            print(f"\r{100 * self.progress():3.0f}%, {words}   ", end="",
                  file=sys.stderr, flush=True)

    def left(self):
        return int(self.server.sql(
            "select count(*) from usher.message_state where outcome is null"))

    def drain(self):
        """Until the queues of all are empty. What is held, and what was set
        aside as poison, an operator sends again."""
        self.wait(lambda: self.left() == 0, "the queue is empty")
        self.retried = self.server.sql(
            "select m.id from usher.message_state m join usher.account a using "
            "(pool_id, sub, invitation) where outcome in ('held', 'refused')"
        ).splitlines()
        self.poison = int(self.server.sql(
            "select count(*) from usher.outcome where cause = 'poison'"))
        for number in self.retried:
            self.usher.good("queue", "retry", number)
        self.wait(lambda: self.left() == 0, "the queue is empty again")
        self.wait(lambda: self.relay.queued() == 0, "Postfix is done")
        self.kannel_done()

    def wait(self, probe, what):
        def look():
            self.far.look()
            self.wreck.revive()
            self.look(f"until {what}")
            return probe()
        try:
            wait_until(look, 120 + (MAILS + TEXTS) / 20, what)
        except AssertionError:
            print(sorted(self.wrong)[:5])
            raise

    def kannel_done(self):
        """It says by itself what it has not sent yet."""
        before = []

        def still():
            before.append(self.far.count())
            return len(before) > 100 and before[-1] == before[-100]
        self.wait(still, "nothing more comes from Kannel")

    def judge(self):
        self.acts = [act for inviter in self.inviters
                     for act in inviter.acts]
        for act in self.acts[:SECRETS_MOST]:
            if act.password != "-":
                HOUSE.note_secret(act.password, "a temporary password")
        self.evidence = evidence.Evidence(self.server, self.relay,
                                          self.kannel, self.acts)
        self.wrong.update(self.evidence.wrong)
        self.causes = evidence.Causes(self.evidence, self.wreck,
                                      self.usher.log)
        self.seconds = time.monotonic() - self.begin

    def results(self, *verbs):
        return [act for act in self.acts if act.verb in verbs]

    def print(self):
        """The figures."""
        kills = [kind for kind, _, _ in self.wreck.times]
        messages = self.evidence.messages.values()
        rows = [("seed", SEED), ("seconds", round(self.seconds))]
        rows += [(f"asked: {verb}, {result}", sum(
            act.result == result for act in self.results(verb)))
            for verb in ("create", "resend", "delete")
            for result in sorted({act.result for act in self.results(verb)})]
        rows += [(f"kills: {kind}", kills.count(kind))
                 for kind in self.wreck.kinds]
        for medium in ("EMAIL", "SMS"):
            here = [m for m in messages if m.medium == medium]
            rows += [(f"{medium}: messages", len(here))]
            rows += [(f"{medium}: {outcome}", sum(
                m.outcome == outcome for m in here))
                for outcome in sorted({m.outcome for m in here})]
            rows += [(f"{medium}: sent, superseded in session", sum(
                m.outcome == "sent" and m.current == "f" for m in here)),
                (f"{medium}: attempts lost", sum(
                    len(m.losses()) for m in here)),
                (f"{medium}: arrived", sum(len(m.copies) for m in here)),
                (f"{medium}: handed over twice", sum(
                    m.entries() - 1 for m in here if m.copies))]
        rows += [("claimed behind its cancellation, not sent", sum(
            m.late_claims for m in messages)),
                 ("set aside as poison", self.poison),
                 ("sent again by the operator", len(self.retried))]
        rows += [(f"twice: {cause}", count)
                 for cause, count in self.causes.twice.items()]
        rows += [("twice: most that one lane did not settle", max(
            (len(those) for lane, those in self.causes.by_lane.items()
             if evidence.UNSETTLED in lane), default=0))]
        print()
        for name, value in rows:
            print(f"{name:<60} {value:>10}")
        sys.stdout.flush()


@unittest.skipIf(MISSING, MISSING)
class Torture(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        print(f"\ntorture: MAILS={MAILS} TEXTS={TEXTS} KILLS={KILLS} "
              f"SEED={SEED}", flush=True)
        cls.run_ = Run()
        cls.run_.torture()
        cls.run_.drain()
        cls.run_.judge()
        cls.run_.print()

    @classmethod
    def tearDownClass(cls):
        cls.run_.usher.stop_all()
        cls.run_.kannel.stop()
        cls.run_.relay.stop()
        cls.run_.server.stop()

    def messages(self):
        return self.run_.evidence.messages.values()

    def nothing(self, found):
        """At most a few are shown."""
        found = [str(one) for one in found]
        self.assertEqual(found[:5], [], f"{len(found)} in all")

    def test_kills(self):
        self.assertEqual(len(self.run_.wreck.times), KILLS)

    def test_all_were_asked(self):
        done = [act for act in self.run_.results("create")
                if act.result in ("done", "UsernameExistsException")]
        self.assertEqual(len(done), MAILS + TEXTS)
        self.nothing(act.result for act in self.run_.acts
                     if act.result not in ("done", "failed", "unknown",
                                           "UsernameExistsException",
                                           "UserNotFoundException"))

    def test_what_was_acknowledged_is_there(self):
        messages = self.run_.evidence.messages
        self.nothing(f"{act.verb} {act.username}: {act.id}"
                     for act in self.run_.results("create", "resend")
                     if act.result == "done" and act.id not in messages)
        deleted = {act.username for act in self.run_.results("delete")
                   if act.result == "done"}
        self.nothing(m for m in self.messages()
                     if m.current == "t" and m.username in deleted)

    def test_what_was_refused_is_not_there(self):
        # Else the next try would have found it; ids prove nothing, since a
        # crash takes back those that no commit made last.
        unknown = {act.username for act in self.run_.acts
                   if act.result == "unknown"}
        self.nothing(act.username for act in self.run_.results("create")
                     if act.result == "UsernameExistsException"
                     and act.username not in unknown)

    def test_none_lost(self):
        self.nothing(m for m in self.messages()
                     if m.current == "t" and m.outcome != "sent")
        self.nothing(m for m in self.messages()
                     if m.outcome == "sent" and not m.copies)

    def test_none_sent_behind_its_cancellation(self):
        self.nothing(m for m in self.messages() if m.entries() > len(m.claims))

    def test_cancelled_for_a_reason(self):
        self.nothing(m for m in self.messages()
                     if m.outcome == "cancelled" and m.current == "t")

    def test_copies_are_the_same(self):
        self.nothing(m for m in self.messages()
                     if len({content for _, content in m.copies}) > 1)

    def test_the_password_is_the_acknowledged_one(self):
        asked = {act.id: act.password for act in self.run_.acts
                 if act.result == "done" and act.id}
        self.nothing(m for m in self.messages() if m.medium == "EMAIL"
                     and m.id in asked and any(
                         asked[m.id].encode() not in content[1]
                         for _, content in m.copies))

    def test_nobody_else_got_any(self):
        self.nothing(self.run_.evidence.strangers)

    def test_each_duplicate_has_its_reason(self):
        self.nothing(self.run_.causes.unexplained)

    def test_few_for_each_killed_lane(self):
        self.nothing(f"{lane}: {[str(one) for one in those]}; killed: "
                     f"{self.run_.wreck.times}"
                     for lane, those in self.run_.causes.by_lane.items()
                     if len(those) > self.most(lane))

    def most(self, lane):
        """A lane logs an answer while it waits for the next: without its
        journal one that it had looks like one that it had not."""
        medium, _, cause = lane
        if cause == evidence.UNSETTLED:
            return UNSETTLED_MOST
        return UNANSWERED_MOST[medium] + (lane in self.run_.causes.bereft)

    def test_each_loss_has_its_reason(self):
        self.assertEqual(self.run_.causes.losses[None], 0)

    def test_poison_was_lost_twice(self):
        # Each loss has a kill of its own.
        self.assertEqual(
            self.run_.poison,
            sum(len(m.losses()) > 1 for m in self.messages()))

    def test_never_half_made_nor_in_two_places(self):
        self.nothing(sorted(self.run_.wrong))


if __name__ == "__main__":
    house.main()
