-- SPDX-License-Identifier: MIT
-- name: access_key_insert
-- No row comes back when the id is taken.
insert into access_key (id, user_name, sealed) values ($1, $2, $3::bytea)
on conflict do nothing returning id, ms(created_at) as created_ms;

-- name: access_key_get
-- With all its policies as one list.
select k.id, k.user_name, k.sealed, k.enabled, ms(k.created_at) as created_ms,
  coalesce((select json_agg(p.document order by p.name) from access_policy p
    where p.key_id = k.id), '[]') as policies
from access_key k where k.id = $1;

-- name: access_policy_put
insert into access_policy (key_id, name, document) values ($1, $2, $3::json)
on conflict (key_id, name) do update set document = excluded.document
returning name;
