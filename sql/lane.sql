-- SPDX-License-Identifier: MIT
-- name: lane_tell
-- $1 owner, $2 medium, $3 carrier, $4 state, $5 words, $6 sessions, $7 of at
-- most, $8 messages a session.
insert into lane as l (owner, medium, carrier, state, words, sessions,
  sessions_most, batch)
values ($1, $2, $3, $4, $5, $6::int, $7::int, $8::int)
on conflict (owner) do update set state = excluded.state,
  words = excluded.words, sessions = excluded.sessions,
  sessions_most = excluded.sessions_most, batch = excluded.batch,
  since = case when l.state = excluded.state then l.since else now() end,
  seen_at = now();

-- name: lane_end
delete from lane where owner = $1;

-- name: lane_list
select owner, medium, carrier, state, words, sessions, sessions_most, batch,
  ms(since) as since_ms, ms(seen_at) as seen_ms, ms(now()) as now_ms
from lane order by medium, owner;

-- name: lane_prune
-- Those that nobody heard of for a day; a killed one cannot say goodbye.
delete from lane where seen_at < now() - interval '1 day' returning owner;

-- name: lane_pauses
select medium, reason, who, ms(since) as since_ms from lane_pause
order by medium;

-- name: lane_pause
insert into lane_pause (medium, reason, who) values ($1, $2, $3)
on conflict (medium) do nothing returning medium;

-- name: lane_resume
delete from lane_pause where medium = $1 returning medium;
