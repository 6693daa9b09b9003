-- SPDX-License-Identifier: MIT
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
