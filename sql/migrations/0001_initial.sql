-- SPDX-License-Identifier: MIT
-- Everything that usher knows. Each table that belongs to a user pool leads
-- its key with the pool, so that it can be partitioned or distributed by it.

-- Milliseconds since 1970 UTC, as the programs count time.
create function ms(moment timestamptz) returns bigint
language sql immutable strict parallel safe
as $$ select (extract(epoch from moment) * 1000)::bigint $$;

create function after_ms(duration bigint) returns timestamptz
language sql stable strict parallel safe
as $$ select now() + duration * interval '1 millisecond' $$;

-- One row: what holds for the whole installation.
create table installation (
  only_row boolean primary key default true check (only_row),
  sandbox boolean not null default true,
  sandbox_changed_at timestamptz not null default now()
);
insert into installation default values;

-- A known text sealed by each key that was ever current: whether the key file
-- fits this database is seen before anything is sealed or opened.
create table key_proof (
  key_id text primary key,
  sealed bytea not null,
  created_at timestamptz not null default now()
);

create table user_pool (
  id text primary key,
  name text not null,
  settings jsonb not null, -- the validated request, the API's spelling
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now()
);

create table account (
  pool_id text not null,
  sub uuid not null,
  username text not null,
  status text not null,
  enabled boolean not null default true,
  attributes json not null,        -- name to value, in the request's order
  password_hash text,              -- null: the user has no password
  password_expires_at timestamptz, -- null: the password is not temporary
  srp_verifier bytea,              -- sealed
  invitation integer not null default 1, -- goes up with each new password
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (pool_id, sub)
);

-- One row for each way to find a user; what is unique is unique here. The
-- values are folded where the user pool does not heed case. No foreign key:
-- the one statement that inserts here inserts the account too, and the check
-- would cost a fifth of a creation.
create table name (
  pool_id text not null,
  value text not null,
  kind text not null, -- username, email, phone_number, preferred_username
  sub uuid not null,
  primary key (pool_id, value, kind)
);
create index name_sub on name (pool_id, sub);

-- What a message is rendered from, named by its content.
create table template (
  hash text primary key,
  content json not null,
  created_at timestamptz not null default now()
);

-- Every message from birth to pruning. Where a message that is not settled
-- stands is said by which of ready, in_flight, later and blocked has its id.
create table message (
  id bigint generated always as identity primary key,
  pool_id text not null,      -- '' for codes of the sandbox
  sub uuid,
  kind text not null default 'invitation', -- or code
  medium text not null,       -- EMAIL or SMS
  destination text not null,
  username text not null,     -- what {username} becomes
  invitation integer,
  has_password boolean not null default true,
  sealed bytea,               -- the password; null as soon as it is not needed
  template_hash text not null, -- no foreign key: each message would lock it
  created_at timestamptz not null default now(),
  expires_at timestamptz,     -- of the password
  outcome text,               -- null: not settled
  reason text,
  remote_id text,
  settled_at timestamptz
);
create index message_sub on message (pool_id, sub);
create index message_secret on message (expires_at) where sealed is not null;

-- First attempts, in order. Only inserted into and deleted from.
create table ready (
  medium text not null,
  pool_id text not null,
  id bigint not null,
  primary key (medium, pool_id, id)
) with (autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);

-- Which (medium, pool) may have a backlog, and below which id none is left.
-- low_id only bounds the scan of ready; how it moves is in queue.sql.
create table backlog (
  medium text not null,
  pool_id text not null,
  low_id bigint not null default 0,
  next_low_id bigint,
  next_low_xid xid8,
  primary key (medium, pool_id)
) with (fillfactor = 50);

create sequence lease_epoch;

create table in_flight (
  id bigint primary key,
  medium text not null,
  owner text not null,
  epoch bigint not null,
  attempt integer not null,
  losses integer not null, -- attempts whose lane never told the outcome
  lease_until timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 1000);

create table later (
  id bigint primary key,
  medium text not null,
  due_at timestamptz not null,
  attempts integer not null,
  losses integer not null,
  reason text
);
create index later_due on later (medium, due_at);

create table blocked (
  id bigint primary key,
  medium text not null,
  reason text not null,
  address text not null,
  attempts integer not null default 0,
  since timestamptz not null default now()
);
create index blocked_address on blocked (reason, address);

-- What happened at each attempt.
create table attempt (
  message_id bigint not null,
  attempted_at timestamptz not null default now(),
  attempt integer not null,
  owner text not null,
  class text not null,
  code integer,
  status text,
  words text,
  took_ms integer,
  id bigint generated always as identity,
  primary key (message_id, id)
);

create table sandbox_number (
  number text primary key,
  status text not null default 'Pending', -- or Verified
  code_sealed bytea,
  code_expires_at timestamptz,
  codes_sent integer not null default 1,
  codes_since timestamptz not null default now(),
  wrong_codes integer not null default 0,
  attempted_at timestamptz not null default now(),
  verified_at timestamptz
);

-- Messages that the capture carriers kept instead of sending.
create table captured (
  id bigint generated always as identity primary key,
  message_id bigint not null,
  pool_id text not null,
  medium text not null,
  destination text not null,
  sealed bytea not null,
  captured_at timestamptz not null default now()
);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  who text not null,
  action text not null,
  object text not null,
  detail jsonb
);

-- Where each message stands, for people and for usher queue.
create view message_state as
select m.*,
  case when m.outcome is not null then m.outcome
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
