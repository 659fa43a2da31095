-- What the check of a submission found out is kept for the run: the compiled program, in a format
-- that a number names, and what it will take. A program without it is compiled again.
alter table programs add column compiled bytea, add column compiled_format smallint;

-- Large tasks wait for one another, and small ones do not wait for them. `work_ms` is how long one
-- core will take, where that is certain: of such tasks an instance may take several ahead.
alter table tasks
    add column large boolean not null default false,
    add column parallel boolean not null default false,
    add column work_ms real;

drop index tasks_queued;
create index tasks_queued on tasks (queue, large, priority desc, position)
    where status = 'queued';

-- What is read once need not be compressed, which takes Postgres longer than storing it. What is
-- kept should be, as fast as this server can.
alter table programs alter column compiled set storage external;
do $$ begin
    alter table programs alter column qc set compression lz4;
    alter table results alter column counts set compression lz4;
exception when feature_not_supported then
    null;
end $$;
