-- A number that is higher than that of the transaction of any change that this snapshot has; and
-- whether this database adds something to it (an older one does not).
select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as upto,
    to_regprocedure('changes_before()') is not null as adds
