-- SPDX-License-Identifier: MIT
-- name: audit_insert
insert into audit (who, action, object, detail) values ($1, $2, $3, $4::jsonb);
