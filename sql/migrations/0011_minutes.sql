-- Oldest program: 0007
-- What happened in each minute, over all instances: one row for each, and rows of the last hours
-- only. Nothing is written for a single task: every few seconds one instance adds up what has
-- come into the table of events (fold_minutes.sql).

create table minutes (
    minute timestamptz primary key,
    submitted integer not null default 0,
    completed integer not null default 0,
    failed integer not null default 0,
    cancelled integer not null default 0,
    -- instances that were found dead
    lost integer not null default 0,
    -- {"<error code>": tasks that failed with it}
    failures jsonb not null default '{}',
    -- {"<class of span_class()>": tasks that waited, or ran, for so long}
    waits jsonb not null default '{}',
    runs jsonb not null default '{}',
    -- the most that were seen at once; null if nobody looked
    queued integer,
    running integer,
    oldest_queued_s real
) with (fillfactor = 50);

-- The last event that was added to the minutes, and when. This row is the lock of those who add.
create table minutes_mark (
    one boolean primary key default true check (one),
    change bigint not null,
    position bigint not null default 9223372036854775807,
    number integer not null default 0,
    at timestamptz not null default now()
) with (fillfactor = 50);

insert into minutes_mark (change) select sure_change() - 1;

-- The sum of two tables of counts, {"key": count}.
create function counts_added(a jsonb, b jsonb) returns jsonb language sql immutable as $$
    select coalesce(jsonb_object_agg(key, n), '{}')
    from (
        select key, sum(value::bigint) as n
        from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) every
        group by key
    ) summed
$$;

-- Spans of time in classes, eight for each doubling: class n has those from 2^((n-1)/8) to 2^(n/8)
-- milliseconds, class 0 what is shorter than one.
create function span_class(begun timestamptz, ended timestamptz) returns integer
language sql immutable as $$
    select case when ms < 1 then 0 else floor(8 * ln(ms) / ln(2.0::float8))::integer + 1 end
    from (select extract(epoch from ended - begun)::float8 * 1000 as ms) span
$$;

-- How many of its simulators are at work. Unknown of an older program.
alter table instances add column busy integer;
