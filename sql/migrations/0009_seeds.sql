-- Oldest program: 0007
-- The seed that the counts of a task came from, also if none was given. What an older program
-- completes has none.

alter table tasks add column used_seed bigint;
