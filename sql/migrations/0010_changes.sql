-- Oldest program: 0007
-- Changes are numbered by their transactions. In another cluster, those are numbered anew from the
-- beginning: a database that was restored there goes on counting from where the backup was.

-- What is added to the number of a transaction. A restore replaces this function by one with a
-- number that makes all changes to come higher than all that anybody can have seen. (A function, not
-- a table: nothing has to be read for it.)
create function changes_before() returns bigint language sql immutable as $$
    select 0::bigint
$$;

create or replace function this_change() returns bigint language sql as $$
    select pg_current_xact_id()::text::bigint + changes_before()
$$;

-- The change below which all are known: that of the oldest transaction that is still open. Stable, so
-- that it looks at the snapshot of the statement that asks, and not at a later one of its own.
create function sure_change() returns bigint language sql stable as $$
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + changes_before()
$$;
