-- SPDX-License-Identifier: MIT
-- name: invite_create
-- A user with names and messages in one statement. The account comes into
-- being only when every name could be taken; the row says which were. When it
-- took some but not all, the caller must roll back.
--
-- The account is inserted before its messages draw their ids, so the
-- transaction has its number before any id: queue.sql relies on that.
--
-- $1 pool  $2 sub  $3 username  $4 status  $5 attributes  $6 password hash
-- $7 validity in ms or null  $8 kinds  $9 values of the names
-- $10 media  $11 destinations  $12 sealed passwords  $13 template hashes
-- $14 reasons to block, or null each  $15 outcomes, or null each
-- $16 what {username} becomes
with taken as (
  insert into name (pool_id, kind, value, sub)
  select $1, n.kind, n.value, $2::uuid
  from unnest($8::text[], $9::text[]) as n (kind, value)
  on conflict do nothing
  returning kind
), created as (
  insert into account (pool_id, sub, username, status, attributes,
    password_hash, password_expires_at)
  select $1, $2::uuid, $3, $4, $5::json, $6, after_ms($7::bigint)
  where (select count(*) from taken) = cardinality($8::text[])
  returning invitation, created_at, password_expires_at
), queued as (
  insert into message (pool_id, sub, medium, destination, username,
    invitation, has_password, sealed, template_hash, expires_at, outcome,
    reason, settled_at)
  select $1, $2::uuid, m.medium, m.destination, $16, c.invitation,
    $6::text is not null, m.sealed::bytea, m.template, c.password_expires_at,
    m.outcome, case when m.outcome is not null then m.block end,
    case when m.outcome is not null then now() end
  from created c, unnest($10::text[], $11::text[], $12::text[], $13::text[],
    $14::text[], $15::text[])
    as m (medium, destination, sealed, template, block, outcome)
  returning id, medium, destination, outcome
), held as (
  insert into blocked (id, medium, reason, address)
  select q.id, q.medium, m.block, q.destination
  from queued q join unnest($10::text[], $14::text[]) as m (medium, block)
    using (medium)
  where q.outcome is null and m.block is not null
), waiting as (
  insert into ready (medium, pool_id, id)
  select q.medium, $1, q.id
  from queued q join unnest($10::text[], $14::text[]) as m (medium, block)
    using (medium)
  where q.outcome is null and m.block is null
), marks as (
  insert into backlog (medium, pool_id) select medium, $1 from queued
  on conflict do nothing
)
select coalesce((select string_agg(kind, ',') from taken), '') as names,
  c.created_at is not null as created, ms(c.created_at) as created_ms,
  ms(c.password_expires_at) as password_expires_ms,
  coalesce((select string_agg(id::text, ',' order by medium) from queued), '')
    as messages
from (select) as one left join created c on true;

-- name: invite_renew
-- A new password for a user who has not used the old one. No row comes back
-- when the status is another by now.
update account set password_hash = $3, password_expires_at = after_ms($4),
  invitation = invitation + 1, modified_at = now()
where pool_id = $1 and sub = $2::uuid and status = 'FORCE_CHANGE_PASSWORD'
returning invitation, ms(modified_at) as modified_ms,
  ms(password_expires_at) as password_expires_ms;

-- name: invite_queue
-- Messages for a user who is there. Parameters as in invite_create:
-- $3 validity  $4 media  $5 destinations  $6 sealed  $7 templates  $8 blocks
-- $9 outcomes  $10 what {username} becomes  $11 invitation
with queued as (
  insert into message (pool_id, sub, medium, destination, username,
    invitation, sealed, template_hash, expires_at, outcome, reason,
    settled_at)
  select $1, $2::uuid, m.medium, m.destination, $10, $11::int,
    m.sealed::bytea, m.template, after_ms($3::bigint), m.outcome,
    case when m.outcome is not null then m.block end,
    case when m.outcome is not null then now() end
  from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[]) as m (medium, destination, sealed, template, block, outcome)
  returning id, medium, destination, outcome
), held as (
  insert into blocked (id, medium, reason, address)
  select q.id, q.medium, m.block, q.destination
  from queued q join unnest($4::text[], $8::text[]) as m (medium, block)
    using (medium)
  where q.outcome is null and m.block is not null
), waiting as (
  insert into ready (medium, pool_id, id)
  select q.medium, $1, q.id
  from queued q join unnest($4::text[], $8::text[]) as m (medium, block)
    using (medium)
  where q.outcome is null and m.block is null
), marks as (
  insert into backlog (medium, pool_id) select medium, $1 from queued
  on conflict do nothing
)
select coalesce(string_agg(id::text, ',' order by medium), '') as messages
from queued;

-- name: template_insert
insert into template (hash, content) values ($1, $2)
on conflict do nothing;
