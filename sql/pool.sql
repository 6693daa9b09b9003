-- SPDX-License-Identifier: MIT
-- name: pool_insert
-- No row comes back when the id is taken.
insert into user_pool (id, name, settings) values ($1, $2, $3)
on conflict do nothing
returning id, name, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms;

-- name: pool_get
select id, name, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_pool where id = $1;

-- name: pool_lock
select id, name, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_pool where id = $1 for no key update;

-- name: pool_hold
-- From now until the transaction ends nobody deletes it.
select id from user_pool where id = $1 for key share;

-- name: pool_update
update user_pool set name = $2, settings = $3, modified_at = now()
where id = $1;

-- name: pool_list
-- $1: the id behind which to go on, '' at the start; $2: how many.
select id, name, settings, ms(created_at) as created_ms,
  ms(modified_at) as modified_ms
from user_pool where id > $1 order by id limit $2::int;

-- name: pool_count_users
-- A million are not counted; see estimate_users().
select case when n <= 10000 then n else greatest(n, estimate_users($1)) end
  as users
from (select count(*) as n from (
  select from account where pool_id = $1 limit 10001) as few) as counted;

-- name: pool_delete
-- Foreign keys take app clients, groups and their members along, after the
-- users: those who come meanwhile lock a user before a group, too.
with gone as (delete from user_pool where id = $1 returning id),
accounts as (delete from account where pool_id = $1),
names as (delete from name where pool_id = $1),
marks as (delete from backlog where pool_id = $1),
kept as (delete from captured where pool_id = $1)
select id from gone;
