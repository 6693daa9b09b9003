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

-- name: alias_holders
-- Which of these names one of $4, which are locked, and not $5 holds.
select sub, kind from name where pool_id = $1 and value = any($3::text[])
  and (kind, value) in (select * from unnest($2::text[], $3::text[]))
  and sub = any($4::uuid[]) and sub <> $5::uuid;

-- name: alias_set
-- The names of user $2 become $3 kinds, $4 values; verified addresses also
-- when one of $5, whose accounts are locked, has them. Which of the names are
-- the user's afterwards comes back. All that is waited for is waited for in
-- the order of the names; what goes, goes behind that.
with wanted as materialized (
  select w.kind, w.value from unnest($3::text[], $4::text[]) as w (kind, value)
), held as materialized (
  select n.kind, n.sub = $2::uuid as ours from name n
  join wanted w using (kind, value)
  where n.pool_id = $1 and not (n.sub = any($5::uuid[]) and n.sub <> $2::uuid
    and n.kind = any('{email,phone_number}'))
), taken as (
  insert into name (pool_id, kind, value, sub)
  select $1, kind, value, $2::uuid from wanted
  where kind <> all(array(select kind from held))
  on conflict (pool_id, value, kind) do update set sub = excluded.sub
    where name.sub = any($5::uuid[])
      and name.kind = any('{email,phone_number}')
  returning kind
), gone as (
  delete from name where pool_id = $1 and sub = $2::uuid
    and (kind, value) not in (select kind, value from wanted)
)
select coalesce(string_agg(kind, ','), '') as names
from (select kind from held where ours
  union all select kind from taken) as names;
