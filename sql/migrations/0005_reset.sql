-- SPDX-License-Identifier: MIT
-- AdminResetUserPassword sends a code with which the user may choose another
-- password: a message of the kind 'reset', and at the user a keyed hash of the
-- code with its end.

alter table account add code_hash text, add code_expires_at timestamptz;
comment on column account.invitation is
  'goes up with each new password, and with each code';
