-- SPDX-License-Identifier: MIT
-- name: transaction_begin
begin;

-- name: transaction_commit
commit;
