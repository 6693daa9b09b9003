-- SPDX-License-Identifier: MIT
-- name: access_key_insert
-- No row comes back when the id is taken.
insert into access_key (id, user_name, sealed) values ($1, $2, $3::bytea)
on conflict do nothing returning id, ms(created_at) as created_ms;

-- name: access_key_get
-- With all its policies by their names.
select k.id, k.user_name, k.sealed, k.enabled, ms(k.created_at) as created_ms,
  coalesce((select json_object_agg(p.name, p.document order by p.name)
    from access_policy p where p.key_id = k.id), '{}') as policies
from access_key k where k.id = $1;

-- name: access_key_list
select k.id, k.user_name, k.enabled, ms(k.created_at) as created_ms,
  coalesce((select json_object_agg(p.name, p.document order by p.name)
    from access_policy p where p.key_id = k.id), '{}') as policies
from access_key k order by k.created_at, k.id;

-- name: access_key_alone
-- Nobody else makes a key until the transaction ends.
lock table access_key in share row exclusive mode;

-- name: access_key_any
select exists (select from access_key) as there;

-- name: access_key_lock
-- Its policies do not change until the transaction ends.
select id from access_key where id = $1 for update;

-- name: access_key_enable
update access_key set enabled = $2::boolean where id = $1 returning user_name;

-- name: access_key_delete
delete from access_key where id = $1 returning user_name;

-- name: access_policy_put
insert into access_policy (key_id, name, document) values ($1, $2, $3::json)
on conflict (key_id, name) do update set document = excluded.document;

-- name: access_policy_delete
delete from access_policy where key_id = $1 and name = $2;
