-- SPDX-License-Identifier: MIT
-- Searches find subs in the order of the filtered value, then of the sub, and
-- go on behind the last one that was given; user_get_many reads the users.
-- $1 is the pool. Values are compared byte by byte.

-- name: user_search_email
-- $2 the value to begin with and, of those that have it, $3 the sub to go on
-- behind, or null; $4 the value to end before; $5 how many.
select sub, attributes ->> 'email' as value from account
where pool_id = $1 and attributes ->> 'email' is not null
  and (attributes ->> 'email') collate "C" >= $2
  and (attributes ->> 'email') collate "C" < $4
  and ($3::uuid is null or (attributes ->> 'email') collate "C" > $2
    or sub > $3::uuid)
order by (attributes ->> 'email') collate "C", sub limit $5::int;

-- name: user_search_phone
-- As user_search_email.
select sub, attributes ->> 'phone_number' as value from account
where pool_id = $1 and attributes ->> 'phone_number' is not null
  and (attributes ->> 'phone_number') collate "C" >= $2
  and (attributes ->> 'phone_number') collate "C" < $4
  and ($3::uuid is null or (attributes ->> 'phone_number') collate "C" > $2
    or sub > $3::uuid)
order by (attributes ->> 'phone_number') collate "C", sub limit $5::int;

-- name: user_search_username
-- By names as they are stored (folded or not), but in the spelling of $4 and,
-- unless $5, nothing behind it. $2 the name to begin with, $3 to end before,
-- $6 how many.
select n.sub, n.value from name n
join account a on a.pool_id = n.pool_id and a.sub = n.sub
where n.pool_id = $1 and n.kind = 'username' and n.value >= $2 and n.value < $3
  and case when $5::boolean then starts_with(a.username, $4)
    else a.username = $4 end
order by n.value limit $6::int;

-- name: user_search_sub
-- From $2 to $3, which are found too, but not $4 (or null); $5 how many.
select sub, '' as value from account
where pool_id = $1 and sub >= $2::uuid and sub <= $3::uuid
  and ($4::uuid is null or sub <> $4::uuid)
order by sub limit $5::int;

-- name: user_search_equal
-- $2 the attribute, $3 its value, $4 the sub to go on behind or null, $5 how
-- many. Looks at one user after the other.
select sub, '' as value from account
where pool_id = $1
  and sub > coalesce($4::uuid, '00000000-0000-0000-0000-000000000000')
  and case $2 when 'status' then
      case when enabled then 'Enabled' else 'Disabled' end
    when 'cognito:user_status' then lower(status)
    else attributes ->> $2 end = $3
order by sub limit $5::int;

-- name: user_search_prefix
-- As user_search_equal, but the value begins with $3; goes on behind the value
-- $6 (or null) and the sub $4. Looks at all users of the pool.
select sub, value from (
  select sub, case $2 when 'status' then
      case when enabled then 'Enabled' else 'Disabled' end
    when 'cognito:user_status' then lower(status)
    else attributes ->> $2 end collate "C" as value
  from account where pool_id = $1) as u
where starts_with(value, $3)
  and ($6::text is null or (value, sub) > ($6::text, $4::uuid))
order by value, sub limit $5::int;

-- name: user_get_many
-- Those of $2 that are there, in its order.
select a.pool_id, a.username, a.sub, a.status, a.enabled, a.attributes,
  a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from unnest($2::uuid[]) with ordinality as w (sub, place)
join account a on a.pool_id = $1 and a.sub = w.sub
order by w.place;
