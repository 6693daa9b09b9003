-- SPDX-License-Identifier: MIT
-- name: invite_create
-- A user with names and messages in one statement. The account comes into
-- being only when every name could be taken; the row says which were. When it
-- took some but not all, the caller must roll back.
--
-- The user pool is looked at once more: the caller may know it from a moment
-- ago, and it may be gone.
--
-- The account is inserted before its messages draw their ids, so the
-- transaction has its number before any id: queue.sql relies on that.
--
-- What a message is rendered from comes with the first of its kind. An SMS is
-- held while the sandbox does not allow its number.
--
-- $1 pool  $2 sub  $3 username  $4 status  $5 attributes  $6 password hash
-- $7 validity in ms or null  $8 kinds  $9 values of the names
-- $10 media  $11 destinations  $12 sealed passwords  $13 template hashes
-- $14 contents of the templates, null where known  $15 outcomes, or null each
-- $16 what {username} becomes  $17 the call's fingerprint, or null  $18 who
with taken as (
  insert into name (pool_id, kind, value, sub)
  select $1, n.kind, n.value, $2::uuid
  from unnest($8::text[], $9::text[]) as n (kind, value)
  where exists (select from user_pool where id = $1)
  on conflict do nothing
  returning kind
), created as (
  insert into account (pool_id, sub, username, status, attributes,
    password_hash, password_expires_at, created_by)
  select $1, $2::uuid, $3, $4, $5::json, $6, after_ms($7::bigint), $17
  where (select count(*) from taken) = cardinality($8::text[])
  returning invitation, created_at, password_expires_at
), wanted as materialized (
  select m.*, m.medium = 'SMS' and m.outcome is null
    and (select sandbox from installation)
    and not exists (select from sandbox_number s
      where s.number = m.destination and s.status = 'Verified') as held
  from unnest($10::text[], $11::text[], $12::text[], $13::text[],
    $14::text[], $15::text[])
    as m (medium, destination, sealed, template, content, outcome)
), texts as (
  insert into template (hash, content)
  select template, content::json from wanted where content is not null
  on conflict do nothing
), queued as (
  insert into message (pool_id, sub, medium, destination, username,
    invitation, has_password, template_hash, expires_at)
  select $1, $2::uuid, w.medium, w.destination, $16, c.invitation,
    $6::text is not null, w.template, c.password_expires_at
  from created c, wanted w
  returning id, medium, destination, expires_at
), skipped as (
  insert into outcome (message_id, medium, outcome, reason)
  select q.id, q.medium, w.outcome, 'no address'
  from queued q join wanted w using (medium) where w.outcome is not null
), held as (
  insert into blocked (id, medium, reason, address, sealed, expires_at)
  select q.id, q.medium, 'sandbox', q.destination, w.sealed::bytea,
    q.expires_at
  from queued q join wanted w using (medium) where w.held
), waiting as (
  insert into ready (medium, pool_id, id, sealed, expires_at)
  select q.medium, $1, q.id, w.sealed::bytea, q.expires_at
  from queued q join wanted w using (medium)
  where not w.held and w.outcome is null
), marks as (
  insert into backlog (medium, pool_id) select medium, $1 from queued
  on conflict do nothing
), noted as (
  insert into audit (who, action, object)
  select $18, 'user create', $1 || '/' || $2 from created
)
select coalesce((select string_agg(kind, ',') from taken), '') as names,
  c.created_at is not null as created, ms(c.created_at) as created_ms,
  ms(c.password_expires_at) as password_expires_ms,
  coalesce((select string_agg(id::text, ',' order by medium) from queued), '')
    as messages,
  coalesce((select string_agg(case when held then 'sandbox' else '' end, ','
    order by medium) from wanted), '') as blocks
from (select) as one left join created c on true;

-- name: invite_repeated
-- Whether the call $3 made the user or resent to it, a little while ago.
select from account where pool_id = $1 and sub = $2::uuid
  and ((created_by = $3 and created_at > now() - interval '10 minutes')
    or (resent_by = $3 and modified_at > now() - interval '10 minutes'));

-- name: invite_renew
-- A new password for a user who has not used the old one. No row comes back
-- when the status is another by now, or the call $5 resent a little while ago.
update account set password_hash = $3, password_expires_at = after_ms($4),
  invitation = invitation + 1, modified_at = now(), resent_by = $5
where pool_id = $1 and sub = $2::uuid and status = 'FORCE_CHANGE_PASSWORD'
  and (resent_by = $5 and modified_at > now() - interval '10 minutes')
    is not true
returning invitation, ms(modified_at) as modified_ms,
  ms(password_expires_at) as password_expires_ms;

-- name: invite_queue
-- Messages for a user who is there. Parameters as in invite_create:
-- $3 validity  $4 media  $5 destinations  $6 sealed  $7 templates  $8 contents
-- $9 outcomes  $10 what {username} becomes  $11 invitation  $12 kind
with wanted as materialized (
  select m.*, m.medium = 'SMS' and m.outcome is null
    and (select sandbox from installation)
    and not exists (select from sandbox_number s
      where s.number = m.destination and s.status = 'Verified') as held
  from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[]) as m (medium, destination, sealed, template, content, outcome)
), texts as (
  insert into template (hash, content)
  select template, content::json from wanted where content is not null
  on conflict do nothing
), queued as (
  insert into message (pool_id, sub, medium, destination, username,
    invitation, template_hash, expires_at, kind)
  select $1, $2::uuid, w.medium, w.destination, $10, $11::int, w.template,
    after_ms($3::bigint), $12
  from wanted w
  returning id, medium, destination, expires_at
), skipped as (
  insert into outcome (message_id, medium, outcome, reason)
  select q.id, q.medium, w.outcome, 'no address'
  from queued q join wanted w using (medium) where w.outcome is not null
), held as (
  insert into blocked (id, medium, reason, address, sealed, expires_at)
  select q.id, q.medium, 'sandbox', q.destination, w.sealed::bytea,
    q.expires_at
  from queued q join wanted w using (medium) where w.held
), waiting as (
  insert into ready (medium, pool_id, id, sealed, expires_at)
  select q.medium, $1, q.id, w.sealed::bytea, q.expires_at
  from queued q join wanted w using (medium)
  where not w.held and w.outcome is null
), marks as (
  insert into backlog (medium, pool_id) select medium, $1 from queued
  on conflict do nothing
)
select coalesce((select string_agg(id::text, ',' order by medium)
    from queued), '') as messages,
  coalesce((select string_agg(case when held then 'sandbox' else '' end, ','
    order by medium) from wanted), '') as blocks;

-- name: template_insert
insert into template (hash, content) values ($1, $2)
on conflict do nothing;
