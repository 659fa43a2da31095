-- Oldest program: 0007
-- Which simulator ran a task: "qsim 0.22.1". What an older program completes has none.

alter table tasks add column engine text;

-- What an instance has to have to run a task: any of these simulators, and for it so many MiB, as in
-- {"qsim": 4160, "aer": 8192}. Null for what every instance can run, which is nearly everything. (An
-- older program says nothing, as if every instance could.) All others are large, so that a claim
-- need look at the needs of large tasks only.
alter table tasks
    add column needs jsonb,
    add constraint tasks_needs_check check (needs is null or large) not valid;

-- What an instance has. Unknown of an older program.
alter table instances
    add column queue text,
    add column memory_mb integer,
    add column engines text[];

-- A task is run by an instance that can. Newer programs claim no other (claim.sql); an older program
-- would, and the task would fail: it stays queued instead, until a newer one takes it.
-- Its name is before those of the other triggers, which then do not see this change.
create function tasks_can_run() returns trigger language plpgsql as $$
begin
    if exists (
        select from instances i, jsonb_each_text(new.needs) need
        where i.id = new.instance
          and need.key = any (i.engines) and need.value::integer <= i.memory_mb
    ) then
        return new;
    end if;
    return null;
end
$$;

create trigger tasks_can_run before update on tasks
    for each row when (new.needs is not null and new.status = 'running' and old.status = 'queued')
    execute function tasks_can_run();
