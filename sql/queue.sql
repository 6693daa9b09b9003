-- SPDX-License-Identifier: MIT
-- The delivery queue. The only statements that know its tables, but for the
-- two in invite.sql that enqueue within the transaction that makes the user.

-- name: queue_claim
-- Moves up to $2 messages of medium $1 into one lease: retries that are due
-- first, at most half of $2 when others wait, then first attempts, an equal
-- share from up to 16 user pools, beginning behind pool $5. $3 owner, $4 lease
-- in ms.
--
-- low_id keeps the scan from walking dead index entries when an old
-- transaction pins them. "= any(array(...))" and ctid keep the planner from
-- joining with the whole table.
--
-- A message whose lane was lost is claimed alone: if it is what ends lanes,
-- it takes no other along.
--
-- What all messages of a claim share (head) comes with the first of its lease
-- alone, and the rows in no order: to sort them here would cost more than
-- elsewhere. One that is no message any more comes without a kind.
with turns as materialized (
  select b.pool_id, b.low_id from backlog b
  where b.medium = $1 and exists (select from ready r
    where r.medium = $1 and r.pool_id = b.pool_id and r.id >= b.low_id)
    and not exists (select from lane_pause where medium = $1)
  order by b.pool_id <= $5, b.pool_id limit 16
), due as materialized (
  select id, losses from later
  where medium = $1 and due_at <= now()
    and not exists (select from lane_pause where medium = $1)
  order by due_at limit (select ceil($2::int / case when exists (
    select from turns) then 2.0 else 1 end)::int) for update skip locked
), suspect as materialized (
  select id from due where losses > 0 limit 1
), from_later as (
  delete from later where id = any(array(select id from due
    where id = (select id from suspect) or not exists (select from suspect)))
  returning id, attempts, losses, sealed
), room as materialized (
  select case when exists (select from suspect) then 0
    else $2::int - (select count(*) from due) end as most
), share as materialized (
  select ceil(most::numeric
    / greatest(1, (select count(*) from turns)))::bigint as most from room
), from_ready as (
  delete from ready where ctid = any(array(
    select p.place from turns t cross join lateral (
      select r.ctid as place from ready r
      where r.medium = $1 and r.pool_id = t.pool_id and r.id >= t.low_id
      order by r.id limit (select most from share)
      for update skip locked) p
    limit (select most from room)))
  returning id, sealed
), taken as not materialized (
  select id, attempts + 1 as attempt, losses, sealed from from_later
  union all select id, 1, 0, sealed from from_ready
), leased as (
  insert into lease (epoch, medium, owner, lease_until, ids, attempts, losses,
    sealed)
  select nextval('lease_epoch'), $1, $3, after_ms($4::bigint), t.* from (
    select array_agg(id), array_agg(attempt), array_agg(losses),
      array_agg(sealed)
    from taken having count(*) > 0) as t
  returning epoch, ids[1] as id
), senders as materialized (
  select id, settings #>> '{EmailConfiguration,From}' as mail_from,
    settings #>> '{EmailConfiguration,ReplyToEmailAddress}' as reply_to
  from user_pool where id = any(array(select t.pool_id from turns t union all
    select m.pool_id from from_later l join message m on m.id = l.id))
), head as materialized (
  select l.id, l.epoch, ms(now()) as claimed_ms, i.sandbox,
    i.token_salt as salt
  from leased l cross join installation i
)
select t.id, h.epoch, t.attempt, m.kind, m.pool_id, m.sub, m.destination,
  m.username, m.invitation, m.has_password, t.sealed, m.template_hash,
  m.receipt, ms(m.created_at) as created_ms, h.claimed_ms,
  ms(m.expires_at) as expires_ms, a.invitation as current_invitation, a.status,
  p.mail_from, p.reply_to, h.sandbox, h.salt,
  $1 = 'SMS' and (select sandbox from installation)
    and exists (select from sandbox_number s
      where s.number = m.destination and s.status = 'Verified') as verified
from taken t left join message m on m.id = t.id
left join account a on a.pool_id = m.pool_id and a.sub = m.sub
left join senders p on p.id = m.pool_id
left join head h on h.id = t.id;

-- name: queue_template
select content from template where hash = $1;

-- name: queue_settle
-- Records what came of messages ($2 ids, $3 epochs) whose leases are still
-- ours; the others are not touched. $4 outcome: sent, refused, cancelled,
-- held, retry or blocked; $5 reason; $6 delay of a retry in ms, null for none;
-- $7 whether the attempt is spent; $8 class, $9 code, $10 enhanced status, $11
-- words, $12 ms taken; $13 the remote's id; $14 attempt; $15 where it is looked
-- for first in its lease. An array may be null for one of nulls. $1 owner. ours
-- is how many they were.
--
-- The lease is locked first: it has what happened to its messages since they
-- were claimed, which this statement's snapshot may be too old to see
-- elsewhere (queue_note_user). Of a user who was forgotten the remote's words
-- are not kept, nor does a message of theirs go again; what would be held went
-- when a receipt came before.
--
-- "= any(array(...))": a planner that was told of an empty table would rather
-- join with all of its index, which an old transaction fills with dead entries.
with told as (
  select * from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[],
    $6::bigint[], $7::boolean[], $8::text[], $9::int[], $10::text[],
    $11::text[], $12::int[], $13::text[], $14::int[], $15::int[])
    as t (id, epoch, outcome, reason, delay_ms, spent, class, code, status,
      words, took_ms, remote_id, attempt, place)
), leases as materialized (
  select * from lease where epoch = any($3::bigint[]) order by epoch
  for update
), ours as materialized (
  select l.medium, t.id = any(l.superseded) as superseded,
    t.id = any(l.forgotten) as forgotten,
    t.outcome = 'held' and t.id = any(l.arrived) as arrived,
    t.id, t.epoch, t.delay_ms, t.spent, t.class, t.code, t.status, t.words,
    t.took_ms, t.remote_id, t.attempt,
    case when gone.gone then 'cancelled' else t.outcome end as outcome,
    case when gone.gone then 'the user was deleted' else t.reason end as reason
  from told t join leases l on l.epoch = t.epoch
  cross join lateral (select t.outcome in ('retry', 'blocked')
    and t.id = any(l.forgotten) as gone) as gone
  where (t.id = l.ids[t.place] or t.id = any(l.ids))
    and t.id <> all(l.settled)
), done as materialized (
  select d.*, cardinality(l.ids) = cardinality(l.settled) + cardinality(d.ids)
    as complete
  from (select epoch, array_agg(id) as ids from ours group by epoch) as d
  join leases l on l.epoch = d.epoch
), kept as (
  update lease e set settled = e.settled
    || (select ids from done d where d.epoch = e.epoch)
  where e.epoch = any(array(select epoch from done where not complete))
), ended as (
  delete from lease
  where epoch = any(array(select epoch from done where complete))
), remaining as materialized (
  -- They may go again, so they keep their password.
  select o.*, l.losses[p.place] as losses, s.sealed, m.destination,
    case when s.sealed is not null then m.expires_at end as expires_at
  from ours o join leases l on l.epoch = o.epoch
  cross join lateral array_position(l.ids, o.id) as p (place)
  cross join lateral (select case when not o.forgotten
    then l.sealed[p.place] end as sealed) as s
  join message m on m.id = o.id
  where o.outcome not in ('sent', 'cancelled') and not o.arrived
), settled as (
  insert into outcome (message_id, medium, outcome, reason, cause, remote_id,
    sealed, expires_at, attempt, owner, class, code, status, words, took_ms)
  select o.id, o.medium, case when o.arrived then 'sent' else o.outcome end,
    case when o.superseded and o.outcome = 'sent'
        then 'superseded while in session'
      when o.outcome = 'cancelled' or not (o.forgotten or o.arrived)
      then o.reason end,
    case when o.outcome in ('refused', 'held') and not o.arrived
        then coalesce(o.status, o.code::text,
          case when not o.forgotten then o.reason end)
      when o.outcome = 'cancelled' then o.reason end,
    case when not o.forgotten then o.remote_id end,
    r.sealed, r.expires_at, case when o.class is not null then o.attempt end,
    case when o.class is not null then $1 end, o.class, o.code, o.status,
    case when not o.forgotten then o.words end,
    case when o.class is not null then o.took_ms end
  from ours o left join remaining r on r.id = o.id
  where o.outcome in ('sent', 'refused', 'cancelled', 'held')
), again as (
  insert into later (id, medium, due_at, attempts, losses, reason, sealed,
    expires_at)
  select r.id, r.medium, after_ms(coalesce(r.delay_ms, 0)),
    r.attempt - case when r.spent then 0 else 1 end, r.losses, r.reason,
    r.sealed, r.expires_at
  from remaining r where r.outcome = 'retry'
), stopped as (
  insert into blocked (id, medium, reason, address, attempts, sealed,
    expires_at)
  select r.id, r.medium, r.reason, r.destination, r.attempt - 1, r.sealed,
    r.expires_at
  from remaining r where r.outcome = 'blocked'
), evidence as (
  insert into attempt (message_id, attempt, owner, class, code, status,
    words, took_ms)
  select r.id, r.attempt, $1, r.class, r.code, r.status, r.words, r.took_ms
  from remaining r
  where r.outcome in ('retry', 'blocked') and r.class is not null
)
select coalesce(sum(cardinality(ids)), 0) as ours from done;

-- name: queue_reap
-- Leases that ran out: the lane died or froze. What it was sending may have
-- gone, so the next attempt is one of those that can make a duplicate; after
-- two such losses the message is set aside as poison. One of a user who was
-- forgotten meanwhile is cancelled.
with ended as (
  delete from lease where epoch > 0 and lease_until < now()
  returning *
), lost as materialized (
  select e.medium, e.owner, u.*, m.expires_at,
    u.id = any(e.forgotten) as forgotten
  from ended e cross join lateral
    unnest(e.ids, e.attempts, e.losses, e.sealed)
    as u (id, attempt, losses, sealed)
  join message m on m.id = u.id
  where u.id <> all(e.settled)
), again as (
  insert into later (id, medium, due_at, attempts, losses, reason, sealed,
    expires_at)
  select id, medium, now(), attempt, losses + 1, 'the lane was lost', sealed,
    expires_at
  from lost where losses < 1 and not forgotten
), cancelled as (
  insert into outcome (message_id, medium, outcome, reason, cause, attempt,
    owner, class, words)
  select id, medium, 'cancelled', 'the user was deleted',
    'the user was deleted', attempt, owner, 'LOST', 'the lease ran out'
  from lost where forgotten
), poison as (
  insert into outcome (message_id, medium, outcome, cause, reason, sealed,
    expires_at, attempt, owner, class, words)
  select id, medium, 'refused', 'poison',
    'poison: two lanes were lost while sending it', sealed, expires_at,
    attempt, owner, 'LOST', 'the lease ran out'
  from lost where losses >= 1 and not forgotten
), evidence as (
  insert into attempt (message_id, attempt, owner, class, words)
  select id, attempt, owner, 'LOST', 'the lease ran out'
  from lost where losses < 1 and not forgotten
)
select id from lost;

-- name: queue_give_back
-- What is leased to owner $1, who has none of it in hand: untouched, and no
-- attempt is spent.
with ended as (
  delete from lease where epoch > 0 and owner = $1 returning *
), back as materialized (
  select e.medium, u.*, m.expires_at, u.id = any(e.forgotten) as forgotten
  from ended e cross join lateral
    unnest(e.ids, e.attempts, e.losses, e.sealed)
    as u (id, attempt, losses, sealed)
  join message m on m.id = u.id
  where u.id <> all(e.settled)
), again as (
  insert into later (id, medium, due_at, attempts, losses, reason, sealed,
    expires_at)
  select id, medium, now(), attempt - 1, losses,
    'the claim''s answer was lost', sealed, expires_at
  from back where not forgotten
), cancelled as (
  insert into outcome (message_id, medium, outcome, reason, cause)
  select id, medium, 'cancelled', 'the user was deleted',
    'the user was deleted'
  from back where forgotten
)
select id from back;

-- name: queue_low_mark_read
-- Below which id every number has been drawn. Read in a statement before the
-- one that gives the transaction its own number; see queue_low_mark_move.
select last_value + is_called::int as next_id from message_id_seq;

-- name: queue_low_mark_lock
-- One keeper at a time; the next statement has a new snapshot.
select pg_try_advisory_xact_lock(504403489139) as ours;

-- name: queue_low_mark_move
-- Raises low_id in two steps, so that it never passes a row that may still
-- commit. Step one notes a candidate, at most $1 of queue_low_mark_read, and
-- this transaction's number. Every id below $1 was drawn, before $1 was read,
-- by a transaction that had its number already (see invite_create); this one
-- got its number later. So once all transactions before that number have
-- ended, whatever is below the candidate and committed is in sight; step two
-- then takes the candidate, or a lower row that came into sight. The
-- snapshot's xmax would not do as the number: it is one past the latest that
-- ended, and open ones may be behind it.
-- Rows enter ready only once, with fresh ids, so none comes back below. $2:
-- the least step that is worth a write.
with seen as materialized (
  select b.medium, b.pool_id, least((select r.id from ready r
    where r.medium = b.medium and r.pool_id = b.pool_id and r.id >= b.low_id
    order by r.id limit 1), $1::bigint) as lowest
  from backlog b
)
update backlog b set
  low_id = case when b.next_low_xid <= pg_snapshot_xmin(pg_current_snapshot())
    then greatest(b.low_id, least(b.next_low_id, s.lowest)) else b.low_id end,
  next_low_id = s.lowest,
  next_low_xid = pg_current_xact_id()
from seen s
where s.medium = b.medium and s.pool_id = b.pool_id
  and s.lowest >= b.low_id + $2::bigint
  and (b.next_low_xid is null
    or b.next_low_xid <= pg_snapshot_xmin(pg_current_snapshot()))
returning b.pool_id;

-- name: queue_cancel_user
-- What waits for the user is cancelled; what is in a session is not touched.
with mine as materialized (
  select id from message where pool_id = $1 and sub = $2::uuid
), r as (
  delete from ready where medium = any('{EMAIL,SMS}') and pool_id = $1
    and id = any(array(select id from mine)) returning id, medium
), l as (
  delete from later where id = any(array(select id from mine))
  returning id, medium
), b as (
  delete from blocked where id = any(array(select id from mine))
  returning id, medium
)
insert into outcome (message_id, medium, outcome, reason, cause)
select id, medium, 'cancelled', $3, $3
from (select * from r union all select * from l union all select * from b) w
returning message_id as id;

-- name: queue_note_user
-- What the settle of messages under way must know of their user: $3
-- superseded (a newer password was made) or forgotten. Behind the statements
-- that take messages from where they wait, so that what was claimed meanwhile
-- is seen. By the key, whose dead entries are passed over quickly.
update lease e set
  superseded = case when $3 = 'superseded' then e.superseded || m.ids
    else e.superseded end,
  forgotten = case when $3 = 'forgotten' then e.forgotten || m.ids
    else e.forgotten end
from (select array_agg(id) as ids from message
  where pool_id = $1 and sub = $2::uuid) as m
where e.epoch > 0 and e.ids && m.ids;

-- name: queue_note_pool
-- The same of all users of a pool that is deleted.
with found as materialized (
  select e.epoch, array_agg(m.id) as ids
  from lease e cross join lateral unnest(e.ids) as u (id)
  join message m on m.id = u.id
  where e.epoch > 0 and m.pool_id = $1
  group by e.epoch
)
update lease e set forgotten = e.forgotten || f.ids
from found f where e.epoch = f.epoch;

-- name: queue_note_arrived
-- The same of a message whose receipt came.
update lease set arrived = arrived || $1::bigint
where epoch > 0 and $1::bigint = any(ids) and $1::bigint <> all(settled);

-- name: queue_cancel_one
with m as materialized (
  select id, medium, pool_id from message where id = $1
), r as (
  delete from ready using m where ready.medium = m.medium
    and ready.pool_id = m.pool_id and ready.id = m.id
  returning ready.id, ready.medium
), l as (
  delete from later where id = $1 returning id, medium
), b as (
  delete from blocked where id = $1 returning id, medium
)
insert into outcome (message_id, medium, outcome, reason, cause)
select id, medium, 'cancelled', $2, $2
from (select * from r union all select * from l union all select * from b) w
returning message_id as id;

-- name: queue_cancel_pool
with r as (
  delete from ready where medium = any('{EMAIL,SMS}') and pool_id = $1
  returning id, medium
), l as (
  delete from later where id = any(array(select l.id from later l
    join message m on m.id = l.id where m.pool_id = $1))
  returning id, medium
), b as (
  delete from blocked where id = any(array(select b.id from blocked b
    join message m on m.id = b.id where m.pool_id = $1))
  returning id, medium
)
insert into outcome (message_id, medium, outcome, reason, cause)
select id, medium, 'cancelled', $2, $2
from (select * from r union all select * from l union all select * from b) w
returning message_id as id;

-- name: queue_forget_user
-- Personal data leaves the messages of a deleted user. A lane that has one in
-- its session keeps the address in memory and needs no more; what it will
-- settle is noted by queue_note_user, before this.
update message set destination = '', username = ''
where pool_id = $1 and ($2::uuid is null or sub = $2::uuid)
  and (destination <> '' or username <> '');

-- name: queue_forget_words
-- And their history, with the password of a refused or held one; what the
-- remote said may repeat the address. Behind queue_forget_user, whose lock a
-- receipt under way had before.
with forgotten as materialized (
  select id from message
  where pool_id = $1 and ($2::uuid is null or sub = $2::uuid)
), outcomes as (
  update outcome set sealed = null, expires_at = null, remote_id = null,
    words = null,
    reason = case when outcome in ('refused', 'held') then null else reason end,
    cause = case when cause is distinct from reason then cause end
  where message_id = any(array(select id from forgotten))
), receipts as (
  update receipt set words = null, remote_id = null
  where message_id = any(array(select id from forgotten))
)
update attempt set words = null
where message_id = any(array(select id from forgotten));

-- name: queue_expire
-- Passwords that ran out: what waits is cancelled, what was refused or held
-- keeps none. What is in a session loses its own when it is settled.
with r as (
  delete from ready where ctid = any(array(select ctid from ready
    where sealed is not null and expires_at <= now()
    order by expires_at limit 1000 for update skip locked))
  returning id, medium
), l as (
  delete from later where ctid = any(array(select ctid from later
    where sealed is not null and expires_at <= now()
    order by expires_at limit 1000 for update skip locked))
  returning id, medium
), b as (
  delete from blocked where ctid = any(array(select ctid from blocked
    where sealed is not null and expires_at <= now()
    order by expires_at limit 1000 for update skip locked))
  returning id, medium
), cancelled as (
  insert into outcome (message_id, medium, outcome, reason, cause)
  select w.id, w.medium, 'cancelled', e.words, e.words
  from (select * from r union all select * from l union all select * from b) w
  join message m on m.id = w.id
  cross join lateral (select case when m.kind = 'invitation'
    then 'the temporary password expired' else 'the code expired' end)
    as e (words)
  returning message_id as id
), wiped as (
  update outcome set sealed = null, expires_at = null
  where ctid = any(array(select ctid from outcome
    where sealed is not null and expires_at <= now()
    order by expires_at limit 1000 for update skip locked))
  returning message_id as id
)
select id from cancelled union all select id from wiped;

-- name: queue_release
-- What the sandbox held and would not hold now goes on.
with verified as (
  delete from blocked where reason = 'sandbox'
    and address = any(array(select number from sandbox_number
      where status = 'Verified'))
  returning id, medium, attempts, sealed, expires_at
), all_of_it as (
  delete from blocked where reason = 'sandbox'
    and (select not sandbox from installation)
    and address <> all(array(select number from sandbox_number
      where status = 'Verified'))
  returning id, medium, attempts, sealed, expires_at
)
insert into later (id, medium, due_at, attempts, losses, sealed, expires_at)
select id, medium, now(), attempts, 0, sealed, expires_at
from (select * from verified union all select * from all_of_it) as free
returning id;

-- name: queue_retry
-- An operator's wish: a message that waits for a retry goes now; a refused or
-- held one goes again while its password lives. Its last attempt is one of
-- several then.
with l as (
  update later set due_at = now() where id = $1 returning id
), reopened as (
  delete from outcome o using message m
  where o.message_id = $1 and m.id = o.message_id
    and o.outcome in ('refused', 'held')
    and (o.sealed is not null or not m.has_password)
    and (m.expires_at is null or m.expires_at > now())
    and not exists (select from l)
  returning o.*
), evidence as (
  insert into attempt (message_id, attempted_at, attempt, owner, class, code,
    status, words, took_ms)
  select message_id, settled_at, attempt, owner, class, code, status, words,
    took_ms
  from reopened where class is not null
), again as (
  insert into later (id, medium, due_at, attempts, losses, sealed, expires_at)
  select message_id, medium, now(), 0, 0, sealed, expires_at from reopened
)
select id from l union select message_id from reopened;

-- name: queue_insert_code
-- A code for a number of the sandbox. $1 number, $2 sealed, $3 template,
-- $4 validity in ms.
with born as (
  insert into message (pool_id, kind, medium, destination, username,
    template_hash, expires_at)
  values ('', 'code', 'SMS', $1, '', $3, after_ms($4::bigint))
  returning id, expires_at
), waiting as (
  insert into ready (medium, pool_id, id, sealed, expires_at)
  select 'SMS', '', id, $2::bytea, expires_at from born
), marks as (
  insert into backlog (medium, pool_id) values ('SMS', '')
  on conflict do nothing
)
select id from born;

-- name: queue_list
-- $1 state or null, $2 pool or null, $3 the id below which to go on or null,
-- $4 how many. Each state is read where its messages are: of the branches one
-- has a true condition on $1, the others are not run. For the order by state
-- and id see queue_counts.
with wanted as materialized (
  (select id from message where $1::text is null
    and ($2::text is null or pool_id = $2)
    and ($3::bigint is null or id < $3::bigint)
    order by id desc limit $4::int)
  union all
  (select o.message_id from outcome o join message m on m.id = o.message_id
    where $1 = 'sent' and o.outcome = 'sent'
    and coalesce(m.receipt, '') not in ('delivered', 'bounced')
    and ($2::text is null or m.pool_id = $2)
    and ($3::bigint is null or o.message_id < $3::bigint)
    order by o.message_id desc limit $4::int)
  union all
  (select m.id from message m where $1 in ('delivered', 'bounced')
    and m.receipt >= $1 and m.receipt <= $1
    and exists (select from outcome o where o.message_id = m.id
      and o.outcome = 'sent')
    and ($2::text is null or m.pool_id = $2)
    and ($3::bigint is null or m.id < $3::bigint)
    order by m.receipt desc, m.id desc limit $4::int)
  union all
  (select o.message_id from outcome o
    where $1 in ('refused', 'cancelled', 'held', 'skipped')
    and o.outcome >= $1 and o.outcome <= $1 and o.outcome <> 'sent'
    and ($2::text is null or exists (select from message m
      where m.id = o.message_id and m.pool_id = $2))
    and ($3::bigint is null or o.message_id < $3::bigint)
    order by o.outcome desc, o.message_id desc limit $4::int)
  union all
  (select r.id from backlog b cross join lateral (
      select id from ready r where r.medium = b.medium
        and r.pool_id = b.pool_id and r.id >= b.low_id
        and ($3::bigint is null or r.id < $3::bigint)
      order by r.id desc limit $4::int) r
    where $1 = 'queued' and ($2::text is null or b.pool_id = $2)
    order by r.id desc limit $4::int)
  union all
  (select l.id from later l where $1 = 'retry'
    and ($2::text is null or exists (select from message m
      where m.id = l.id and m.pool_id = $2))
    and ($3::bigint is null or l.id < $3::bigint)
    order by l.id desc limit $4::int)
  union all
  (select f.id from lease e cross join lateral unnest(e.ids) as f (id)
    where $1 = 'sending' and e.epoch > 0 and f.id <> all(e.settled)
    and ($2::text is null or exists (select from message m
      where m.id = f.id and m.pool_id = $2))
    and ($3::bigint is null or f.id < $3::bigint)
    order by f.id desc limit $4::int)
  union all
  (select b.id from blocked b where $1 = 'blocked'
    and ($2::text is null or exists (select from message m
      where m.id = b.id and m.pool_id = $2))
    and ($3::bigint is null or b.id < $3::bigint)
    order by b.id desc limit $4::int)
)
select id, pool_id, sub, kind, medium, destination, username, state, why,
  attempts, has_password, ms(created_at) as created_ms,
  ms(expires_at) as expires_ms, ms(due_at) as due_ms,
  ms(settled_at) as settled_ms, remote_id, sealed is not null as has_secret
from message_state where id = any(array(select id from wanted))
order by id desc;

-- name: queue_get
select id, pool_id, sub, kind, medium, destination, username, state, why,
  attempts, has_password, ms(created_at) as created_ms,
  ms(expires_at) as expires_ms, ms(due_at) as due_ms,
  ms(settled_at) as settled_ms, remote_id, sealed is not null as has_secret
from message_state where id = $1;

-- name: queue_list_user
select id, pool_id, sub, kind, medium, destination, username, state, why,
  attempts, has_password, ms(created_at) as created_ms,
  ms(expires_at) as expires_ms, ms(due_at) as due_ms,
  ms(settled_at) as settled_ms, remote_id, sealed is not null as has_secret
from message_state where pool_id = $1 and sub = $2::uuid order by id;

-- name: queue_attempts
select attempt, class, code, status, words, took_ms, owner,
  ms(attempted_at) as attempted_ms
from message_attempt where message_id = $1 order by id nulls last;

-- name: queue_receipts
select source, state, code, words, ms(received_at) as received_ms
from receipt where message_id = $1 order by id;

-- name: queue_counts
-- How many messages are in each state and since when the oldest is; of each
-- never more than $1 are read. about: there are more, and the figure comes
-- from the table's size. The order by state and id, and no "=" that would make
-- it one by id alone, is for the index that begins with the state: else the
-- planner walks the primary key, all of it for a state that is rare.
with queued as materialized (
  select from backlog b cross join lateral (select from ready r
    where r.medium = b.medium and r.pool_id = b.pool_id and r.id >= b.low_id
    limit $1::bigint + 1) as r
  limit $1::bigint + 1
), counts as (
  select 'queued' as state, count(*) as n, count(*) > $1::bigint as about,
    about_rows('ready') as about_n,
    (select min(r.id) from backlog b cross join lateral (select id
      from ready r where r.medium = b.medium and r.pool_id = b.pool_id
        and r.id >= b.low_id order by r.id limit 1) as r) as first_id
  from queued
  union all
  select 'sending', count(*), false, null, min(f.id)
  from lease e cross join lateral unnest(e.ids) as f (id)
  where e.epoch > 0 and f.id <> all(e.settled)
  union all
  select 'retry', count(*), count(*) > $1::bigint, about_rows('later'),
    (select id from later order by id limit 1)
  from (select from later limit $1::bigint + 1) as l
  union all
  select 'blocked', count(*), count(*) > $1::bigint, about_rows('blocked'),
    (select id from blocked order by id limit 1)
  from (select from blocked limit $1::bigint + 1) as b
  union all
  select u.state, count(x.id), count(x.id) > $1::bigint, null, null
  from unnest('{refused,held,cancelled,skipped}'::text[]) as u (state)
  left join lateral (select o.message_id as id from outcome o
    where o.outcome >= u.state and o.outcome <= u.state
    and o.outcome <> 'sent' order by o.outcome, o.message_id
    limit $1::bigint + 1) as x on true
  group by u.state
  union all
  select u.state, count(x.id), count(x.id) > $1::bigint, null, null
  from unnest('{delivered,bounced}'::text[]) as u (state)
  left join lateral (select m.id from message m
    where m.receipt >= u.state and m.receipt <= u.state
    and m.receipt is not null
    and exists (select from outcome o where o.message_id = m.id
      and o.outcome = 'sent')
    order by m.receipt, m.id limit $1::bigint + 1) as x on true
  group by u.state
)
select state, case when about then greatest(n, coalesce(about_n, n)) else n end
    as count, about,
  ms((select created_at from message where id = first_id)) as oldest_ms
from counts;

-- name: queue_count_all
-- Messages of every state, as queue_counts counts them.
select case when count(*) > $1::bigint
    then greatest(count(*), about_rows('message')) else count(*) end as count,
  count(*) > $1::bigint as about
from (select from message limit $1::bigint + 1) as m;

-- name: queue_count_reasons
-- Why, of the newest $1 in each of these states; for the order see
-- queue_counts.
select state, medium, cause, count(*) as count from (
  select 'blocked' as state, medium, reason as cause
  from (select * from blocked order by id desc limit $1::bigint) as b
  union all
  select 'retry', medium, reason
  from (select * from later order by id desc limit $1::bigint) as l
  union all
  select u.state, x.medium, x.cause
  from unnest('{refused,held,cancelled,skipped}'::text[]) as u (state)
  cross join lateral (select o.medium, coalesce(o.cause, o.reason) as cause
    from outcome o where o.outcome >= u.state and o.outcome <= u.state
    and o.outcome <> 'sent'
    order by o.outcome desc, o.message_id desc limit $1::bigint) as x
) as counted
group by state, medium, cause order by state, count(*) desc, medium, cause;

-- name: queue_count_pool
-- What queue_cancel_some would cancel of pool $1.
select 'queued' as state, count(*) as count from ready
where medium = any('{EMAIL,SMS}') and pool_id = $1
union all
select 'retry', count(*) from later l
where exists (select from message m where m.id = l.id and m.pool_id = $1)
union all
select 'blocked', count(*) from blocked b
where exists (select from message m where m.id = b.id and m.pool_id = $1);

-- name: queue_cancel_some
-- Up to $3 from each place where messages of pool $1 wait. $2 reason.
with r as (
  delete from ready where ctid = any(array(select ctid from ready
    where medium = any('{EMAIL,SMS}') and pool_id = $1
    limit $3::int for update skip locked))
  returning id, medium
), l as (
  delete from later where id = any(array(select l.id from later l
    join message m on m.id = l.id where m.pool_id = $1
    limit $3::int for update of l skip locked))
  returning id, medium
), b as (
  delete from blocked where id = any(array(select b.id from blocked b
    join message m on m.id = b.id where m.pool_id = $1
    limit $3::int for update of b skip locked))
  returning id, medium
)
insert into outcome (message_id, medium, outcome, reason, cause)
select id, medium, 'cancelled', $2, $2
from (select * from r union all select * from l union all select * from b) w
returning message_id as id;

-- name: queue_wake
-- Lanes that wait look at once. In a transaction of its own: one that
-- notifies makes all others of the database wait for its commit, which waits
-- for no disk: there is nothing to lose.
select set_config('synchronous_commit', 'off', true),
  pg_notify('usher_' || medium, '')
from unnest($1::text[]) as m (medium);

-- name: queue_prune
-- Looks at the $3 messages behind id $2; those settled over $1 ms ago go with
-- their evidence. done: there is nothing older than that behind the last.
with part as materialized (
  select id, created_at from message
  where id > $2::bigint order by id limit $3::int
), old as materialized (
  select m.id from message m
  where m.id = any(array(select p.id from part p
    join outcome o on o.message_id = p.id
    where o.settled_at < after_ms(-$1::bigint)))
  for update skip locked
), settled as (
  -- It may have been opened again meanwhile.
  delete from outcome where message_id = any(array(select id from old))
    and settled_at < after_ms(-$1::bigint)
  returning message_id
), gone as (
  delete from message where id = any(array(select message_id from settled))
  returning id
), evidence as (
  delete from attempt where message_id = any(array(select id from gone))
), receipts as (
  delete from receipt where message_id = any(array(select id from gone))
), kept as (
  delete from captured where message_id = any(array(select id from gone))
)
select coalesce(max(id), 0) as last_id, (select count(*) from gone) as pruned,
  count(*) < $3::int or max(created_at) > after_ms(-$1::bigint) as done
from part;

-- name: queue_find
-- A message for the one who knows its token.
select m.id, (select token_salt from installation) as salt
from message m where m.id = $1;

-- name: queue_find_remote
select message_id as id from outcome where medium = 'SMS' and remote_id = $1
order by message_id desc limit 1;

-- name: queue_receipt
-- Notes a receipt and moves the message, never backwards. $1 message, or null
-- when only the carrier's id $3 is known as yet; $2 source, $4 state: delayed,
-- delivered or bounced; $5 code, $6 words. What was thought lost and waits for
-- another attempt is sent, as the receipt shows; queue_note_arrived comes
-- before, for what is under way. Of a user who was forgotten neither words nor
-- the carrier's id are kept: they may repeat the address.
--
-- The message is locked behind its row in later, as everywhere, and then as
-- it is now, also for one who waited for that.
with arrived as (
  delete from later where id = $1::bigint and $4 <> 'delayed'
  returning id, medium
), moved as (
  update message m set
    receipt = case when coalesce(array_position('{delayed,delivered,bounced}',
        m.receipt), 0) < array_position('{delayed,delivered,bounced}', $4)
      then $4 else m.receipt end
  where m.id = $1::bigint and (select count(*) from arrived) >= 0
  returning m.id, m.destination <> '' as known
), noted as (
  insert into receipt (message_id, source, remote_id, state, code, words)
  select $1::bigint, $2, case when known then $3 end, $4, $5,
    case when known then $6 end
  from (select coalesce((select known from moved), true) as known) as m
  where $1::bigint is null or not exists (select from receipt
    where message_id = $1::bigint and source = $2 and state = $4
    and code is not distinct from $5)
  returning id
), sent as (
  insert into outcome (message_id, medium, outcome)
  select id, medium, 'sent' from arrived
), let_go as (
  update outcome set outcome = 'sent', reason = null, cause = null,
    sealed = null, expires_at = null
  where message_id = $1::bigint and outcome = 'held' and $4 <> 'delayed'
)
select id, (select count(*) from noted) as noted from moved;

-- name: queue_receipt_waiting
-- Receipts that came before the settle that told the carrier's id; those that
-- find no message within an hour go.
with gone as (
  delete from receipt where message_id is null
    and received_at < now() - interval '1 hour'
)
select r.id, r.source, r.remote_id, r.state, r.code, r.words,
  o.message_id
from receipt r join lateral (select message_id from outcome
  where medium = 'SMS' and remote_id = r.remote_id
  order by message_id desc limit 1) as o on true
where r.message_id is null order by r.id limit 1000;

-- name: queue_receipt_forget
delete from receipt where id = $1 and message_id is null;

-- name: queue_outcomes
-- Of the messages $1: how many are not settled, and the medium of one that was
-- refused, or null.
select count(*) filter (where o.outcome is null) as open,
  min(o.medium) filter (where o.outcome = 'refused') as refused
from unnest($1::bigint[]) as m (id)
left join outcome o on o.message_id = m.id;
