-- SPDX-License-Identifier: MIT
-- name: capture_insert
insert into captured (message_id, pool_id, medium, destination, sealed)
values ($1, $2, $3, $4, $5::bytea);

-- name: capture_list
-- $1: only those behind this id; $2 destination or null; $3 medium or null;
-- $4: how many.
select id, message_id, pool_id, medium, destination, sealed,
  ms(captured_at) as captured_ms
from captured
where id > $1 and ($2::text is null or destination = $2)
  and ($3::text is null or medium = $3)
order by id limit $4::int;

-- name: capture_newest
select coalesce(max(id), 0) as id from captured;

-- name: capture_clear
delete from captured;
