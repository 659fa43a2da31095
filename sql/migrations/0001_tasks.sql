-- The task row is the truth. procrastinate's jobs only hint that there may be work.

create type task_status as enum ('queued', 'running', 'completed', 'failed', 'cancelled');

-- One row per running server process. A row whose heartbeat stops belongs to a dead instance.
create table instances (
    id uuid primary key,
    host text not null,
    pid integer not null,
    version text not null,
    started_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now(),
    -- since when the heartbeat has come without a gap: whoever has only just (re)gained the
    -- database must not judge the others, whose heartbeats the same outage held up
    steady_since timestamptz not null default now()
) with (fillfactor = 50);

-- Small and hot: programs and results live in tables of their own, because every change of
-- status writes the whole row anew (the status is part of the indexes).
create table tasks (
    id uuid primary key,
    position bigint not null generated always as identity,
    queue text not null,
    status task_status not null default 'queued',
    priority smallint not null default 0,
    shots integer not null check (shots > 0),
    seed bigint,
    attempt integer not null default 0,
    crashes integer not null default 0,
    losses integer not null default 0,
    instance uuid,
    run_after timestamptz not null default now(),
    created_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz,
    error_code text,
    error_message text,
    constraint running_has_instance check ((status = 'running') = (instance is not null)),
    constraint final_has_end check (
        (status in ('completed', 'failed', 'cancelled')) = (ended_at is not null)),
    constraint failed_has_error check (
        (status = 'failed') = (error_code is not null)
        and (status = 'failed') = (error_message is not null))
) with (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);

create index tasks_queued on tasks (queue, priority desc, position) where status = 'queued';
create index tasks_running on tasks (instance) where status = 'running';

create table programs (
    task_id uuid primary key references tasks on delete cascade,
    qc text not null
);

create table results (
    task_id uuid primary key references tasks on delete cascade,
    attempt integer not null,
    -- json, not jsonb: the text goes to the client as the simulator wrote it, keys in order
    counts json not null
);

create function tasks_keep_final() returns trigger language plpgsql as $$
begin
    if old.status in ('completed', 'failed', 'cancelled') then
        raise exception 'task % is %, which is final', old.id, old.status
            using errcode = 'check_violation';
    end if;
    if new.attempt < old.attempt then
        raise exception 'the attempt of task % went from % to %', old.id, old.attempt, new.attempt
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;

create trigger tasks_keep_final before update on tasks
    for each row execute function tasks_keep_final();

create function results_keep() returns trigger language plpgsql as $$
begin
    raise exception 'the result of task % is final', old.task_id using errcode = 'check_violation';
end
$$;

create trigger results_keep before update on results
    for each row execute function results_keep();

-- Tells the workers of a queue that there may be work, now or from a moment on: a notification
-- for those who listen, and a job for those who only look now and then. One waiting job says as
-- much as many. The job's name must be the one that queue.py registers (a test compares them):
-- procrastinate only logs a job whose name it does not know.
create function hint_workers(queue text, at timestamptz default null) returns void
language plpgsql as $$
begin
    if at is null then
        perform pg_notify('procrastinate_queue_v1#' || queue, '');
        if exists (select from procrastinate_jobs j
                   where j.status = 'todo' and j.queue_name = queue and j.scheduled_at is null) then
            return;
        end if;
    end if;
    perform procrastinate_defer_jobs_v1(array[
        row(queue, 'quantum_tasks.work', 0, null, null, '{}'::jsonb, at)
    ]::procrastinate_job_to_defer_v1[]);
end
$$;

-- Jobs are many and short-lived; a bloated queue table is planned and scanned badly.
alter table procrastinate_jobs set (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0);
alter table procrastinate_events set (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0);
