# SPDX-License-Identifier: MIT
"""What the database and the far ends show of each message behind a torture
run, and what explains a message that arrived more than once."""
import collections
import os
import quopri
import re

RECEIVED = re.compile(rb"^Received: .*?\bid ([0-9A-F]+)", re.M | re.S)
MESSAGE_ID = re.compile(rb"^Message-ID:\s*<((\d+)-[^>]*)>", re.M | re.I)
TOLD = re.compile(r"-(\d+)-[0-9a-f]{6} msg=attempt message=(\d+) "
                  r".* outcome=ACCEPTED ")
ASKED = re.compile(r"sendsms sender:.* msg:<.*\n(\S+)\n")
UNSETTLED = "the lane was killed before it settled"
UNANSWERED = "the lane was killed before it had the answer"
BOTH = "the lane was killed, then its supervisor with what it left"
AWAY = "the database was killed"
OWNER = re.compile(r"-(\d+)-[0-9a-f]{6}$")

# Claims, with whether the message was superseded or its user deleted by then:
# such a one may be claimed, and must not be sent.
WATCH = """
create schema torture;
create table torture.claim (id bigint, owner text, late boolean,
  at timestamptz default clock_timestamp());
create function torture.note_claims() returns trigger language plpgsql as $$
begin
  insert into torture.claim (id, owner, late)
  select u.id, e.owner, not exists (select from usher.account a
    where a.pool_id = m.pool_id and a.sub = m.sub
    and a.invitation = m.invitation)
  from claimed e cross join lateral unnest(e.ids) as u (id)
  join usher.message m on m.id = u.id;
  return null;
end $$;
create trigger note_claims after insert on usher.lease
  referencing new table as claimed for each statement
  execute function torture.note_claims();
create view torture.place as
  select id, 'ready' as place from usher.ready
  union all select u.id, 'lease' from usher.lease e
    cross join lateral unnest(e.ids) as u (id) where u.id <> all(e.settled)
  union all select id, 'later' from usher.later
  union all select id, 'blocked' from usher.blocked
  union all select message_id, outcome from usher.outcome;
create view torture.wrong as
  select 'message ' || id || ' in ' || string_agg(place, ', ') as what
  from torture.place group by id having count(*) > 1
  union all
  select 'message ' || id || ' nowhere' from usher.message m
  where not exists (select from torture.place p where p.id = m.id)
  union all
  select 'user without name: ' || username from usher.account a
  where not exists (select from usher.name n where n.sub = a.sub)
  union all
  select 'name without user: ' || value from usher.name n
  where not exists (select from usher.account a where a.sub = n.sub)
  union all
  select 'user without message: ' || username from usher.account a
  where not exists (select from usher.message m where m.sub = a.sub
    and m.invitation = a.invitation)
  union all
  select 'password kept: message ' || message_id || ' ' || outcome
  from usher.outcome
  where sealed is not null and outcome in ('sent', 'cancelled');
"""


class Attempt:
    """What a lane, or the keeper for it, told of a try."""

    def __init__(self, kind, owner, words, told):
        self.kind = kind
        self.process = int(OWNER.search(owner)[1])
        self.words = words
        self.told = float(told)

    def __repr__(self):
        return f"{self.kind} by {self.process}: {self.words}"


class Message:
    def __init__(self, words):
        (number, self.medium, self.outcome, self.reason, self.current,
         self.username) = words
        self.id = int(number)
        self.attempts = []
        self.claims = []  # (process, when), while nothing had cancelled it
        self.late_claims = 0
        self.copies = []  # (the far end's name for it, what is the same)

    def entries(self):
        """How often it was handed over: further copies of the same name are
        the relay's or the gateway's own."""
        return len({name for name, _ in self.copies})

    def losses(self):
        return [attempt for attempt in self.attempts
                if attempt.kind == "LOST"]

    def claimed(self, attempt):
        """When what this attempt tells of began."""
        return max(when for process, when in self.claims
                   if process == attempt.process and when < attempt.told)

    def __str__(self):
        return (f"message {self.id} {self.medium} {self.outcome} "
                f"({self.reason}): {self.attempts}, {len(self.claims)} claims "
                f"and {self.late_claims} behind its cancellation, arrived "
                f"{[name for name, _ in self.copies]}")


class Evidence:
    def __init__(self, server, relay, kannel, acts):
        self.server = server
        self.messages = {}
        self.wrong = server.sql("table torture.wrong").splitlines()
        self.strangers = []  # arrived, of nobody
        self._read_database()
        self._read_mails(os.path.join(relay.folder, "mail", "all", "new"))
        self._read_texts(kannel, acts)

    def rows(self, statement):
        for line in self.server.sql(statement).splitlines():
            yield line.split("|")

    def _read_database(self):
        for words in self.rows(
                "select m.id, medium, outcome, reason, exists (select from "
                "usher.account a where a.sub = m.sub and a.invitation = "
                "m.invitation), m.username from usher.message_state m"):
            message = Message(words)
            self.messages[message.id] = message
        for number, *words in self.rows(
                "select message_id, class, owner, translate(words, "
                "E'|\\n\\r', '   '), extract(epoch from attempted_at) "
                "from usher.message_attempt order by id nulls last"):
            self.messages[int(number)].attempts.append(Attempt(*words))
        for number, owner, late, when in self.rows(
                "select id, owner, late, extract(epoch from at) "
                "from torture.claim order by at"):
            message = self.messages[int(number)]
            if late == "t":
                message.late_claims += 1
            else:
                message.claims.append(
                    (int(OWNER.search(owner)[1]), float(when)))

    def _add(self, number, name, content):
        if number in self.messages:
            self.messages[number].copies.append((name, content))
        else:
            self.strangers.append(f"{number}: {name}")

    def _read_mails(self, folder):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                head, _, body = file.read().partition(b"\n\n")
            queue_id = RECEIVED.search(head)[1].decode()
            message_id = MESSAGE_ID.search(head)
            if message_id:
                self._add(int(message_id[2]), queue_id,
                          (message_id[1], quopri.decodestring(body)))
            else:
                self.strangers.append((head + body).decode("utf-8", "replace"))

    def _read_texts(self, kannel, acts):
        """An SMS says whose it is by its password. One that comes more often
        than Kannel was asked for it has its last request's name."""
        ids = {act.password: act.id for act in acts if act.result != "failed"}
        with open(kannel.smsbox_log, encoding="utf-8",
                  errors="replace") as file:
            asked = collections.Counter(ASKED.findall(file.read()))
        came = collections.Counter()
        texts = [sms.text for sms in kannel.messages()]
        printed = {text.split("\n")[1] for text in texts}
        # When it is killed the fake SMSC ends with it, and does not print
        # what it was sent last.
        texts += [text for text in kannel.sent()
                  if text.split("\n")[1] not in printed]
        for text in texts:
            password = text.split("\n")[1]
            came[password] += 1
            self._add(ids.get(password), "request "
                      f"{min(came[password], asked[password])}", text)


class Causes:
    """Why each message that was handed over more than once was."""

    def __init__(self, evidence, wreck, log):
        self.wreck = wreck
        with open(log, encoding="utf-8", errors="replace") as file:
            self.told = set(TOLD.findall(file.read()))
        self.twice = collections.Counter()
        self.losses = collections.Counter()
        self.by_lane = collections.defaultdict(list)  # messages
        self.bereft = set()  # those of lanes whose journal went, too
        self.unexplained = []
        for message in evidence.messages.values():
            self._explain(message)
            for attempt in message.losses():
                self.losses[self._loss(message, attempt)] += 1

    def _explain(self, message):
        extra = message.entries() - 1
        for attempt in message.attempts:
            cause = self._cause(message, attempt)
            if extra <= 0 or not cause:
                continue
            extra -= 1
            self.twice[cause] += 1
            if cause in (UNSETTLED, UNANSWERED):
                lane = (message.medium, attempt.process, cause)
                self.by_lane[lane].append(message)
                if self._killed_meanwhile("supervisor", message, attempt):
                    self.bereft.add(lane)
        if extra > 0:
            self.unexplained.append(str(message))
        self.twice["Postfix or Kannel repeated it"] += max(
            0, len(message.copies) - message.entries())

    def _killed_meanwhile(self, victim, message, attempt):
        begin = message.claimed(attempt)
        return any(kind.startswith(victim) and begin < end
                   and start < attempt.told
                   for kind, start, end in self.wreck.times)

    def _loss(self, message, attempt):
        if attempt.process in self.wreck.killed_lanes:
            told = (str(attempt.process), str(message.id)) in self.told
            both = self._killed_meanwhile("supervisor", message, attempt)
            return BOTH if told and both else (
                UNSETTLED if told else UNANSWERED)
        away = self._killed_meanwhile("PostgreSQL", message, attempt)
        return AWAY if away else None

    def _cause(self, message, attempt):
        """Of an attempt that may have gone through all the same."""
        if attempt.kind == "LOST":
            return self._loss(message, attempt)
        if attempt.kind == "AMBIGUOUS":
            return "the answer was lost"
        # Its cleanup is killed with the mail already in the queue.
        if attempt.kind == "RETRY" and "queue file write" in attempt.words:
            return "Postfix took it and said no"
        return None
