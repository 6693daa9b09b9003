-- SPDX-License-Identifier: MIT
-- The arrays of a lease of some hundred messages stay in its row as they are:
-- a settle looks into them for each message, and would decompress them for
-- each. sealed, the longest, goes out of line when they do not fit in. Two
-- versions of a row still share a page, so that an update is a HOT one.

alter table lease set (toast_tuple_target = 4000);
