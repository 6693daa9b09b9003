-- SPDX-License-Identifier: MIT
-- Receipts and bounces, lanes that can be paused and seen, counts that do not
-- scan everything.

-- What names a message to the outside (Message-ID, VERP, receipts) is derived
-- from its id and this, so that nobody can make one up.
alter table installation add token_salt text not null
  default encode(sha256(convert_to(
    gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');

-- What became of it behind the carrier: delayed, delivered or bounced. The
-- cause groups what reasons tell in many words.
alter table message add cause text, add receipt text;
update message set cause = reason where outcome <> 'sent';
create index message_unsent on message (outcome, id) where outcome <> 'sent';
create index message_receipt on message (receipt, id)
  where receipt is not null;
create index message_remote on message (remote_id)
  where medium = 'SMS' and remote_id is not null;

-- Each receipt or bounce. One that names a message only by the carrier's id
-- may come before that id is known: it waits without message_id.
create table receipt (
  id bigint generated always as identity primary key,
  message_id bigint,
  source text not null, -- a gateway's name, or bounce
  remote_id text,
  state text not null,
  code text,
  words text,
  received_at timestamptz not null default now()
);
create index receipt_message on receipt (message_id);
create index receipt_waiting on receipt (id) where message_id is null;

-- A paused medium is not claimed, on any host.
create table lane_pause (
  medium text primary key,
  reason text not null,
  who text not null,
  since timestamptz not null default now()
);

-- What each lane says of itself, every few seconds.
create table lane (
  owner text primary key,
  medium text not null,
  carrier text not null,
  state text not null, -- idle, sending, waiting or pausing
  words text,
  sessions integer not null, -- at a time, of so many:
  sessions_most integer not null,
  batch integer not null,    -- messages a session
  since timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

-- The same as before, without the arithmetic of numeric: a claim asks often.
create or replace function ms(moment timestamptz) returns bigint
language sql immutable strict parallel safe
as $$ select (date_part('epoch', moment) * 1000)::bigint $$;

-- How many rows a table has about, from its size and the last statistics.
create function about_rows(name regclass) returns bigint
language sql stable strict
as $$
  select (pg_relation_size(oid) / current_setting('block_size')::float8
    * case when relpages > 0 and reltuples > 0 then reltuples / relpages
      else 100 end)::bigint
  from pg_class where oid = name
$$;

drop view message_state;
create view message_state as
select m.*,
  case when m.outcome = 'sent' and m.receipt in ('delivered', 'bounced')
      then m.receipt
    when m.outcome is not null then m.outcome
    when f.id is not null then 'sending'
    when l.id is not null then 'retry'
    when b.id is not null then 'blocked'
    else 'queued' end as state,
  coalesce(m.reason, b.reason, l.reason) as why,
  l.due_at,
  coalesce(f.attempt, l.attempts, b.attempts,
    (select max(a.attempt) from attempt a where a.message_id = m.id), 0)
    as attempts
from message m
left join in_flight f on f.id = m.id
left join later l on l.id = m.id
left join blocked b on b.id = m.id;
