-- How many bytes are stored, so that there can be a limit to them.

-- What a task takes: its rows, and what it was submitted with, was compiled to and brought, as long
-- as that is before Postgres compresses it. Unknown of those that are there already; 0 where an
-- instance of the version before submits, while the others are started anew.
alter table tasks add column bytes bigint;
alter table tasks alter column bytes set default 0;

-- The sum of all rows is what is stored. Each statement that stores or deletes adds a row, so that
-- none waits for another; now and then they are made one (fold_stored.sql).
create table stored_bytes (bytes bigint not null)
with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0);

insert into stored_bytes
select coalesce(sum(1500 + coalesce(pg_column_size(p.qc), 0) + coalesce(pg_column_size(p.compiled), 0)
    + coalesce(pg_column_size(p.options), 0) + coalesce(pg_column_size(r.counts), 0)
    + coalesce(pg_column_size(r.details), 0)), 0)
from programs p left join results r on r.task_id = p.task_id;

insert into stored_bytes
select coalesce(sum(octet_length(answer)), 0) from idempotency_keys;

create function tasks_free() returns trigger language plpgsql as $$
begin
    insert into stored_bytes
    select -coalesce(old.bytes, (
        -- as they were counted above
        select 1500 + coalesce(pg_column_size(p.qc), 0) + coalesce(pg_column_size(p.compiled), 0)
            + coalesce(pg_column_size(p.options), 0) + coalesce(pg_column_size(r.counts), 0)
            + coalesce(pg_column_size(r.details), 0)
        from programs p left join results r on r.task_id = p.task_id
        where p.task_id = old.id
    ), 0);
    return old;
end
$$;

create trigger tasks_free before delete on tasks for each row execute function tasks_free();
