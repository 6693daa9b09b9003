-- SPDX-License-Identifier: MIT
-- name: alias_await
-- Who wants to take one of these names waits for others who do. $2 kinds,
-- $3 values.
select pg_advisory_xact_lock(key) from (
  select hashtextextended(concat_ws(' ', kind, $1::text, value), 0) as key
  from unnest($2::text[], $3::text[]) as w (kind, value)
  order by key offset 0) as keys;

-- name: alias_lock
-- The accounts that hold one of these names, and $4 (or null), are kept from
-- others until the transaction ends. $2 kinds, $3 values.
select coalesce(array_agg(sub), '{}')::text as subs from (
  select sub from account where pool_id = $1 and sub = any(array(
    select n.sub from name n where n.pool_id = $1 and n.value = any($3::text[])
      and (n.kind, n.value) in (select * from unnest($2::text[], $3::text[]))
    union select $4::uuid where $4::uuid is not null))
  order by sub for update) as locked;

-- name: alias_release
-- Of these names those that one of $4, which are locked, and not $5 holds now:
-- the rows go, their owners come back.
delete from name where pool_id = $1 and value = any($3::text[])
  and (kind, value) in (select * from unnest($2::text[], $3::text[]))
  and sub = any($4::uuid[]) and sub is distinct from $5::uuid
returning sub, kind;

-- name: alias_set
-- The names of account $2, which is locked: $3 kinds, $4 values. Which of them
-- it has afterwards comes back. Others go last, when nothing is waited for
-- any more.
with wanted as materialized (
  select w.kind, w.value from unnest($3::text[], $4::text[]) as w (kind, value)
), kept as materialized (
  select n.kind from name n join wanted w using (kind, value)
  where n.pool_id = $1 and n.sub = $2::uuid
), taken as (
  insert into name (pool_id, kind, value, sub)
  select $1, kind, value, $2::uuid from wanted
  where kind <> all(array(select kind from kept))
  on conflict do nothing
  returning kind
), gone as (
  delete from name where pool_id = $1 and sub = $2::uuid
    and (kind, value) not in (select kind, value from wanted)
)
select coalesce(string_agg(kind, ','), '') as names
from (select kind from kept union all select kind from taken) as names;
