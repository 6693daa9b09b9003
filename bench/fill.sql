-- SPDX-License-Identifier: MIT
-- Fills the queue by the thousand with what invite_create would leave, for
-- bench/queue.py; the sealed password is not opened there.
create function usher.bench_fill(count bigint) returns void
language sql set search_path = usher as $$
  with born as materialized (
    select overlay(replace(gen_random_uuid()::text, '-', '') placing
        lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint),
          12, '0') from 1)::uuid as sub,
      'user' || n as username, p.id as pool_id, t.hash
    from generate_series(1, count) n, user_pool p, template t
  ), accounts as (
    insert into account (pool_id, sub, username, status, attributes)
    select pool_id, sub, username, 'FORCE_CHANGE_PASSWORD',
      json_build_object('email', username || '@bench.example')
    from born
  ), queued as (
    insert into message (pool_id, sub, medium, destination, username,
      invitation, template_hash, expires_at)
    select pool_id, sub, 'EMAIL', username || '@bench.example', username, 1,
      hash, now() + interval '7 days'
    from born
    returning id, pool_id, expires_at
  )
  insert into ready (medium, pool_id, id, sealed, expires_at)
  select 'EMAIL', pool_id, id, decode(repeat('5a', 73), 'hex'), expires_at
  from queued
$$;

insert into usher.backlog (medium, pool_id)
select 'EMAIL', id from usher.user_pool on conflict do nothing;
