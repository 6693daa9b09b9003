-- SPDX-License-Identifier: MIT
-- A queue that writes less: one row for all of a claim, and one for what became
-- of a message, with the evidence of the attempt that led to it. A message is
-- not written again, and its password is kept where it waits.

create table outcome (
  message_id bigint primary key,
  medium text not null,
  outcome text not null,  -- sent, refused, cancelled, held or skipped
  reason text,
  cause text,             -- groups what reasons tell in many words
  remote_id text,
  settled_at timestamptz not null default now(),
  sealed bytea,           -- the password of one that may yet be tried again
  expires_at timestamptz, -- of that password
  -- The attempt that led here, if one did; those before it are in attempt.
  attempt integer,
  owner text,
  class text,
  code integer,
  status text,
  words text,
  took_ms integer
);
insert into outcome (message_id, medium, outcome, reason, cause, remote_id,
  settled_at, sealed, expires_at)
select id, medium, outcome, reason, cause, remote_id,
  coalesce(settled_at, created_at), sealed,
  case when sealed is not null then expires_at end
from message where outcome is not null;
create index outcome_unsent on outcome (outcome, message_id)
  where outcome <> 'sent';
create index outcome_secret on outcome (expires_at) where sealed is not null;
create index outcome_remote on outcome (remote_id, message_id)
  where medium = 'SMS' and remote_id is not null;

-- Where a message waits its password waits, too.
alter table ready add sealed bytea, add expires_at timestamptz;
alter table later add sealed bytea, add expires_at timestamptz;
alter table blocked add sealed bytea, add expires_at timestamptz;
update ready r set sealed = m.sealed, expires_at = m.expires_at
from message m where m.id = r.id;
update later l set sealed = m.sealed, expires_at = m.expires_at
from message m where m.id = l.id;
update blocked b set sealed = m.sealed, expires_at = m.expires_at
from message m where m.id = b.id;
create index ready_secret on ready (expires_at) where sealed is not null;
create index later_secret on later (expires_at) where sealed is not null;
create index blocked_secret on blocked (expires_at) where sealed is not null;

-- What a lane claimed at once. The arrays beside ids are in its order. settled
-- are those of ids that are done with; what happened to others meanwhile is
-- noted for the settle to come, which locks the row and so sees it.
create table lease (
  epoch bigint primary key,
  medium text not null,
  owner text not null,
  lease_until timestamptz not null,
  ids bigint[] not null,
  attempts smallint[] not null,
  losses smallint[] not null, -- attempts whose lane never told the outcome
  sealed bytea[] not null,
  settled bigint[] not null default '{}',
  superseded bigint[] not null default '{}', -- the user has a newer password
  forgotten bigint[] not null default '{}',  -- the user was deleted
  arrived bigint[] not null default '{}'     -- a receipt says so
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);
alter table lease alter sealed set storage external; -- sealed is random
insert into lease (epoch, medium, owner, lease_until, ids, attempts, losses,
  sealed)
select f.epoch, f.medium, f.owner, f.lease_until, array[f.id],
  array[f.attempt::smallint], array[f.losses::smallint], array[m.sealed]
from in_flight f join message m using (id);

drop view message_state;
drop table in_flight;
alter table message drop sealed, drop outcome, drop reason, drop cause,
  drop remote_id, drop settled_at;

create view message_state as
select m.*, o.outcome, o.reason, o.cause, o.remote_id, o.settled_at,
  case when o.outcome = 'sent' and m.receipt in ('delivered', 'bounced')
      then m.receipt
    when o.outcome is not null then o.outcome
    when r.id is not null then 'queued'
    when l.id is not null then 'retry'
    when b.id is not null then 'blocked'
    else 'sending' end as state,
  coalesce(o.reason, b.reason, l.reason) as why,
  l.due_at,
  coalesce(o.sealed, r.sealed, l.sealed, b.sealed, f.sealed) as sealed,
  coalesce(o.attempt, f.attempt, l.attempts, b.attempts,
    (select max(a.attempt) from attempt a where a.message_id = m.id), 0)
    as attempts
from message m
left join outcome o on o.message_id = m.id
left join ready r on r.medium = m.medium and r.pool_id = m.pool_id
  and r.id = m.id
left join later l on l.id = m.id
left join blocked b on b.id = m.id
left join lateral (
  select e.attempts[n.place]::int as attempt, e.sealed[n.place] as sealed
  from lease e cross join lateral array_position(e.ids, m.id) as n (place)
  where o.message_id is null and r.id is null and l.id is null
    and b.id is null and n.place is not null
  order by e.epoch desc limit 1) f on true;

-- Every attempt, in the order of id; the last one's may be null.
create view message_attempt as
select message_id, id, attempt, class, code, status, words, took_ms, owner,
  attempted_at
from attempt
union all
select message_id, null, attempt, class, code, status, words, took_ms, owner,
  settled_at
from outcome where class is not null;

-- Stable, as date_part() is, whose other fields depend on the time zone: a
-- function that promises more than its text does is not put in the place of its
-- call, and each statement would parse and plan it anew.
alter function ms(timestamptz) stable;
