-- SPDX-License-Identifier: MIT
-- name: keys_list
select key_id, sealed from key_proof order by created_at;

-- name: keys_prove
insert into key_proof (key_id, sealed) values ($1, $2::bytea)
on conflict do nothing;

-- name: keys_in_use
-- How many sealed texts, and hashes of generated passwords and of codes, need
-- each key. A sealed text begins with the eight bytes of its key's id.
select k.key_id, count(u.key_id) as uses
from key_proof k left join (
  select encode(substring(sealed from 1 for 8), 'hex') as key_id from (
    select sealed from ready union all select sealed from later
    union all select sealed from blocked union all select sealed from outcome
    union all select u.sealed from lease e
      cross join lateral unnest(e.ids, e.sealed) as u (id, sealed)
      where u.id <> all(e.settled)) as waiting
    where sealed is not null
  union all select encode(substring(sealed from 1 for 8), 'hex') from captured
  union all select encode(substring(code_sealed from 1 for 8), 'hex')
    from sandbox_number where code_sealed is not null
  union all select encode(substring(sealed from 1 for 8), 'hex') from access_key
  union all select encode(substring(sealed from 1 for 8), 'hex')
    from pool_client where sealed is not null
  union all select substr(password_hash, 5, 16) from account
    where password_hash like '$b2$%'
  union all select substr(code_hash, 5, 16) from account
    where code_expires_at > now()) u using (key_id)
group by k.key_id, k.created_at order by k.created_at;
