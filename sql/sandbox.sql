-- SPDX-License-Identifier: MIT
-- name: sandbox_status
select sandbox, ms(sandbox_changed_at) as changed_ms,
  (select count(*) from sandbox_number where status = 'Verified') as verified,
  (select count(*) from blocked where reason = 'sandbox') as waiting
from installation;

-- name: sandbox_set
update installation set sandbox = $1::boolean,
  sandbox_changed_at = case when sandbox = $1::boolean
    then sandbox_changed_at else now() end
returning sandbox;

-- name: sandbox_get
select number, status, code_sealed, codes_sent, wrong_codes,
  coalesce(code_expires_at <= now(), true) as code_expired,
  codes_since > now() - interval '24 hours' as codes_fresh,
  attempted_at > now() - interval '24 hours' as attempted_fresh,
  ms(verified_at) as verified_ms
from sandbox_number where number = $1 for update;

-- name: sandbox_count
-- The installation's row is locked: two additions count one after the other.
select (select count(*) from sandbox_number) as numbers
from (select from installation for update) as locked;

-- name: sandbox_insert
insert into sandbox_number (number, code_sealed, code_expires_at)
values ($1, $2::bytea, after_ms($3::bigint))
on conflict (number) do update set code_sealed = excluded.code_sealed,
  code_expires_at = excluded.code_expires_at, attempted_at = now(),
  wrong_codes = 0,
  codes_sent = case
    when sandbox_number.codes_since > now() - interval '24 hours'
    then sandbox_number.codes_sent + 1 else 1 end,
  codes_since = case
    when sandbox_number.codes_since > now() - interval '24 hours'
    then sandbox_number.codes_since else now() end;

-- name: sandbox_verify
update sandbox_number set status = 'Verified', verified_at = now(),
  attempted_at = now(), code_sealed = null, code_expires_at = null
where number = $1 returning number;

-- name: sandbox_wrong
update sandbox_number set wrong_codes = wrong_codes + 1,
  attempted_at = now() where number = $1;

-- name: sandbox_list
select number, status, ms(verified_at) as verified_ms
from sandbox_number order by number;

-- name: sandbox_delete
delete from sandbox_number where number = $1 returning number;
