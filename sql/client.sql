-- SPDX-License-Identifier: MIT
-- name: client_insert
-- No row comes back when the id is taken.
insert into pool_client (id, pool_id, name, sealed, settings)
values ($1, $2, $3, $4::bytea, $5::jsonb)
on conflict do nothing
returning id, pool_id, name, sealed, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms;

-- name: client_get
-- $2: the user pool that it must belong to, or null.
select id, pool_id, name, sealed, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from pool_client where id = $1 and ($2::text is null or pool_id = $2::text);

-- name: client_update
update pool_client set name = $3, settings = $4::jsonb, modified_at = now()
where id = $1 and pool_id = $2
returning id, pool_id, name, sealed, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms;

-- name: client_list
-- $2: the id behind which to go on, '' at the start; $3: how many.
select id, pool_id, name from pool_client
where pool_id = $1 and id > $2 order by id limit $3::int;

-- name: client_delete
delete from pool_client where id = $1 and pool_id = $2 returning id;
