-- Every change of a status gets a row of its own, in the order in which the feed tells of them: to
-- read a page of the feed takes no longer however much has happened before it.
-- For a million tasks that have ended it takes about half a minute, in which tasks can be read.

-- From here on no task changes until all that has happened so far is among the events.
lock table tasks in share row exclusive mode;

create table events (
    change bigint not null,
    position bigint not null,
    number integer not null,
    task_id uuid not null,
    status text not null,
    at timestamptz not null,
    attempt integer not null
);

insert into events
select e.change, t.position, e.number, t.id, e.status, e.at, e.attempt
from tasks t, unnest(t.history) with ordinality e (status, at, attempt, change, number)
order by 1, 2, 3;

alter table events add primary key (change, position, number);

-- tasks_changed stays for now: instances of the version before read the feed by it.

-- Whoever changes a task, an instance of the version before among them, brings its events. Its name
-- is after that of tasks_keep_final, which writes the history.
create function tasks_tell() returns trigger language plpgsql as $$
begin
    insert into events
    select e.change, new.position, e.number, new.id, e.status, e.at, e.attempt
    from unnest(new.history) with ordinality e (status, at, attempt, change, number)
    where e.number > coalesce(cardinality(old.history), 0);
    return new;
end
$$;

create trigger tasks_tell_first before insert on tasks
    for each row execute function tasks_tell();
create trigger tasks_tell_more before update on tasks
    for each row when (cardinality(new.history) > cardinality(old.history))
    execute function tasks_tell();

-- The events go with their task; no foreign key, which would have to be looked up at each of them.
create function tasks_untell() returns trigger language plpgsql as $$
begin
    delete from events
    where (change, position, number) in (
        select e.change, old.position, e.number
        from unnest(old.history) with ordinality e (status, at, attempt, change, number));
    return old;
end
$$;

create trigger tasks_untell before delete on tasks
    for each row execute function tasks_untell();
