-- SPDX-License-Identifier: MIT
-- name: user_find
-- $2: the name as it is stored (folded or not); $3: the same as a sub, or null.
select a.pool_id, a.username, a.sub, a.status, a.enabled, a.attributes,
  a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from account a
where a.pool_id = $1 and a.sub = coalesce(
  (select n.sub from name n where n.pool_id = $1 and n.value = $2
    order by n.kind = 'username' desc limit 1), $3::uuid);

-- name: user_find_many
-- The same of many, each with its place: of the pools $1 by the names $2 or, as
-- subs or null, $3.
select w.place - 1 as place, a.pool_id, a.username, a.sub, a.status, a.enabled,
  a.attributes, a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from unnest($1::text[], $2::text[], $3::uuid[])
  with ordinality as w (pool_id, value, sub, place)
join account a on a.pool_id = w.pool_id and a.sub = coalesce(
  (select n.sub from name n where n.pool_id = w.pool_id and n.value = w.value
    order by n.kind = 'username' desc limit 1), w.sub);

-- name: user_lock
-- By sub alone, as it is now; kept from others until the transaction ends.
select a.pool_id, a.username, a.sub, a.status, a.enabled, a.attributes,
  a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from account a where a.pool_id = $1 and a.sub = $2::uuid for update;

-- name: user_list
-- $2: the sub behind which to go on, or null; $3: how many.
select a.pool_id, a.username, a.sub, a.status, a.enabled, a.attributes,
  a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from account a
where a.pool_id = $1
  and a.sub > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
order by a.sub limit $3::int;

-- name: user_delete
with gone as (
  delete from account where pool_id = $1 and sub = $2::uuid returning sub
), names as (
  delete from name where pool_id = $1 and sub = $2::uuid
)
select sub from gone;

-- name: user_delete_captured
delete from captured where message_id = any(array(
  select id from message where pool_id = $1 and sub = $2::uuid));

-- name: user_set_attributes
update account set attributes = $3, modified_at = now()
where pool_id = $1 and sub = $2::uuid returning sub;

-- name: user_set_enabled
update account set enabled = $3::boolean, modified_at = now()
where pool_id = $1 and sub = $2::uuid;

-- name: user_set_status
update account set status = $3, modified_at = now()
where pool_id = $1 and sub = $2::uuid;

-- name: user_set_password
-- $3 its hash, $4 the status, $5 validity in ms, or null of a permanent one.
update account set password_hash = $3, status = $4,
  password_expires_at = after_ms($5::bigint), srp_verifier = null,
  code_hash = null, code_expires_at = null,
  invitation = invitation + 1, modified_at = now()
where pool_id = $1 and sub = $2::uuid;

-- name: user_set_code
-- $3 the status, $4 a hash of the code with which the user may choose a
-- password, $5 how long it holds, in ms.
update account set status = $3, code_hash = $4,
  code_expires_at = after_ms($5::bigint), invitation = invitation + 1,
  modified_at = now()
where pool_id = $1 and sub = $2::uuid returning invitation;
