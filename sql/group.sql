-- SPDX-License-Identifier: MIT
-- name: group_insert
-- No row comes back when the name is taken.
insert into user_group (pool_id, name, description, role_arn, precedence)
values ($1, $2, $3, $4, $5::int)
on conflict do nothing
returning pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms;

-- name: group_get
select pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_group where pool_id = $1 and name = $2;

-- name: group_hold
-- From now until the transaction ends nobody deletes it.
select pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_group where pool_id = $1 and name = $2 for key share;

-- name: group_lock
-- As it is now; nobody else changes it until the transaction ends.
select pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_group where pool_id = $1 and name = $2 for no key update;

-- name: group_update
-- What is null stays as it was.
update user_group set description = coalesce($3, description),
  role_arn = coalesce($4, role_arn),
  precedence = coalesce($5::int, precedence), modified_at = now()
where pool_id = $1 and name = $2
returning pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms;

-- name: group_list
-- $2: the name behind which to go on, '' at the start; $3: how many.
select pool_id, name, description, role_arn,
  coalesce(precedence, -1) as precedence, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_group where pool_id = $1 and name > $2 order by name limit $3::int;

-- name: group_list_of_user
-- By precedence, those without last. $3, $4: rank and name behind which to
-- go on, -1 and '' at the start; $5: how many.
select g.pool_id, g.name, g.description, g.role_arn,
  coalesce(g.precedence, -1) as precedence, ms(g.created_at) as created_ms,
  ms(g.modified_at) as modified_ms
from group_member m join user_group g
  on g.pool_id = m.pool_id and g.name = m.group_name
where m.pool_id = $1 and m.sub = $2::uuid
  and (coalesce(g.precedence, 2147483648), g.name) > ($3::bigint, $4)
order by coalesce(g.precedence, 2147483648), g.name limit $5::int;

-- name: group_delete
delete from user_group where pool_id = $1 and name = $2 returning name;

-- name: group_add_user
-- No row comes back when the user is in it.
insert into group_member (pool_id, group_name, sub)
values ($1, $2, $3::uuid)
on conflict do nothing returning sub;

-- name: group_remove_user
delete from group_member
where pool_id = $1 and group_name = $2 and sub = $3::uuid returning sub;

-- name: group_list_users
-- $3: the sub behind which to go on, or null; $4: how many.
select a.pool_id, a.username, a.sub, a.status, a.enabled, a.attributes,
  a.password_hash, a.invitation, ms(a.created_at) as created_ms,
  ms(a.modified_at) as modified_ms,
  ms(a.password_expires_at) as password_expires_ms
from group_member m join account a
  on a.pool_id = m.pool_id and a.sub = m.sub
where m.pool_id = $1 and m.group_name = $2
  and m.sub > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
order by m.sub limit $4::int;
