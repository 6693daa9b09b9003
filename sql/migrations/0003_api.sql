-- SPDX-License-Identifier: MIT
-- The API: access keys and what they may do, app clients, groups, creations
-- that a client may repeat, and searches among many users.

create table access_key (
  id text primary key,
  user_name text not null, -- in the caller's ARN and in the audit
  sealed bytea not null,   -- the secret
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);

-- Identity policies; a key without any may do nothing.
create table access_policy (
  key_id text not null references access_key on delete cascade,
  name text not null,
  document json not null,
  primary key (key_id, name)
);

create table pool_client (
  id text primary key, -- unique among all user pools
  pool_id text not null references user_pool on delete cascade,
  name text not null,
  sealed bytea,            -- the secret; null: none
  settings jsonb not null, -- the validated request, the API's spelling
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now()
);
create index pool_client_pool on pool_client (pool_id, id);

create table user_group (
  pool_id text not null references user_pool on delete cascade,
  name text not null,
  description text,
  role_arn text,
  precedence integer,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (pool_id, name)
);

create table group_member (
  pool_id text not null,
  group_name text not null,
  sub uuid not null,
  primary key (pool_id, group_name, sub),
  foreign key (pool_id, sub) references account on delete cascade,
  foreign key (pool_id, group_name) references user_group on delete cascade
);
create index group_member_sub on group_member (pool_id, sub);

-- By which call the user was made, and who was resent to last: a keyed hash,
-- so that a client that repeats a call whose answer was lost gets it.
alter table account add created_by text, add resent_by text;

-- ListUsers by these two, for = and for ^=, in the order of its pages.
create index account_email on account
  (pool_id, (attributes ->> 'email') collate "C", sub)
  where attributes ->> 'email' is not null;
create index account_phone on account
  (pool_id, (attributes ->> 'phone_number') collate "C", sub)
  where attributes ->> 'phone_number' is not null;

-- And by the username; comparing bytes is quicker, too.
alter table name alter value type text collate "C";

-- As many users as the planner expects in a pool: by the table's size and the
-- last analyze.
create function estimate_users(pool text) returns bigint
language plpgsql
as $$
declare
  plan json;
begin
  execute 'explain (format json) select from account where pool_id = $1'
    into plan using pool;
  return (plan #>> '{0,Plan,Plan Rows}')::numeric;
end
$$;

-- Stable, as date_part() is, whose other fields depend on the time zone: a
-- function that promises more than its text does is not put in the place of its
-- call, and each statement would parse and plan it anew.
alter function ms(timestamptz) stable;
