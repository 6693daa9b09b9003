-- SPDX-License-Identifier: MIT
-- name: migrate_list
select number, checksum from migration order by number;

-- name: migrate_record
insert into migration (number, name, checksum) values ($1, $2, $3);

-- name: migrate_exists
select to_regclass('usher.migration') is not null as there;
