-- What the API under /v1 shows and takes.

-- A change of a task's status: `change` is the transaction that made it. Transactions are numbered
-- before they are committed, so whoever reads changes in order reads only those below the oldest
-- that is still open (feed.sql).
create type task_event as (status text, at timestamptz, attempt integer, change bigint);

create function this_change() returns bigint language sql as $$
    select pg_current_xact_id()::text::bigint
$$;

-- What an instance runs on. Rows are few: one for each combination that ever ran.
create table releases (
    id smallint primary key generated always as identity,
    version text not null,
    qiskit text not null,
    aer text not null,
    unique (version, qiskit, aer)
);

alter table instances
    add column release smallint references releases,
    -- children that are up, and tasks that ended within the last minute
    add column simulators integer not null default 0,
    add column ended_last_minute integer not null default 0;

create function release_of(version text, qiskit text, aer text) returns smallint
language plpgsql as $$
declare
    found_id smallint;
begin
    loop
        select r.id into found_id from releases r
        where (r.version, r.qiskit, r.aer) = ($1, $2, $3);
        if found then
            return found_id;
        end if;
        insert into releases (version, qiskit, aer) values ($1, $2, $3) on conflict do nothing;
    end loop;
end
$$;

alter table tasks drop constraint tasks_shots_check, add check (shots >= 0);
alter table tasks
    add column cancel_requested_at timestamptz,
    add column callback boolean not null default false,
    add column ttl_s integer not null default 2592000,
    add column expires_at timestamptz,
    add column estimated_ms real,
    add column simulate_ms real,
    add column release smallint,
    add column error_line integer,
    add column error_column integer,
    add column changed bigint not null default this_change(),
    add column history task_event[] not null
        default array[row('queued', now(), 0, this_change())::task_event];

-- What the submission said besides. It is read by the API and written once, but for what people
-- call their tasks by; a list of tasks goes by it, because it does not move as statuses change.
alter table programs
    add column created_at timestamptz not null default now(),
    -- 0 where an instance of the version before submits, while the others are started anew
    add column position bigint not null default 0,
    add column options json,
    add column stats json,
    add column name text,
    add column tags jsonb;

alter table results add column details json;

create table task_tags (
    task_id uuid not null references programs on delete cascade,
    key text not null,
    value text not null,
    created_at timestamptz not null,
    position bigint not null,
    primary key (task_id, key)
);

alter table tasks disable trigger tasks_keep_final;
update tasks set
    -- from now on, so that whoever keeps results for longer has the time to say so
    expires_at = case when ended_at is not null then now() + ttl_s * interval '1 second' end,
    history = array(
        select e from unnest(array[
            row('queued', created_at, 0, changed)::task_event,
            case when started_at is not null
                then row('running', started_at, attempt, changed)::task_event end,
            case when status = 'queued' and started_at is not null
                then row('queued', started_at, attempt, changed)::task_event end,
            case when ended_at is not null
                then row(status, ended_at, attempt, changed)::task_event end
        ]) e where (e).status is not null);
alter table tasks enable trigger tasks_keep_final;
update programs p set created_at = t.created_at, position = t.position
from tasks t where t.id = p.task_id;

create index tasks_changed on tasks (changed);
create index tasks_expiring on tasks (expires_at) where expires_at is not null;
create index tasks_listed on tasks (status, created_at, position);
create index programs_listed on programs (created_at, position);
create index programs_named on programs (name, created_at, position) where name is not null;
create index task_tags_listed on task_tags (key, value, created_at, position);

-- One submission per key; whoever sends it again gets what it made.
create table idempotency_keys (
    key text primary key,
    fingerprint bytea not null,
    task_ids uuid[] not null,
    -- what a batch was answered
    answer text,
    created_at timestamptz not null default now()
);
create index idempotency_keys_old on idempotency_keys (created_at);

-- Tasks that were deleted because their time was over, for a while.
create table expired_tasks (
    id uuid primary key,
    expired_at timestamptz not null default now()
);
create index expired_tasks_old on expired_tasks (expired_at);

create table callbacks (
    task_id uuid primary key references tasks on delete cascade,
    url text not null,
    -- never, until its task has ended; then at once, or after the next delay
    due_at timestamptz not null default 'infinity',
    tries integer not null default 0,
    delivered_at timestamptz,
    failed_at timestamptz,
    error text
);
create index callbacks_due on callbacks (due_at)
    where delivered_at is null and failed_at is null;

-- What a task is on its way to: a status of its own for people, none for those who run it.
create function shown_status(status task_status, cancel_requested_at timestamptz) returns text
language sql immutable as $$
    select case when status = 'running' and cancel_requested_at is not null
        then 'cancelling' else status::text end
$$;

-- A task that shall be cancelled ends in no other way.
create or replace function tasks_keep_final() returns trigger language plpgsql as $$
begin
    if old.status in ('completed', 'failed', 'cancelled') then
        raise exception 'task % is %, which is final', old.id, old.status
            using errcode = 'check_violation';
    end if;
    if new.attempt <> old.attempt + (old.status = 'queued' and new.status = 'running')::integer then
        raise exception 'the attempt of task % went from % to %', old.id, old.attempt, new.attempt
            using errcode = 'check_violation';
    end if;
    if old.cancel_requested_at is not null and new.status not in ('running', 'cancelled') then
        raise exception 'task % is being cancelled, and cannot be %', old.id, new.status
            using errcode = 'check_violation';
    end if;
    if new.status <> old.status
        or new.cancel_requested_at is not null and old.cancel_requested_at is null
    then
        new.changed := this_change();
        new.history := old.history || row(
            shown_status(new.status, new.cancel_requested_at), now(), new.attempt, new.changed
        )::task_event;
    end if;
    if new.ended_at is not null then
        new.expires_at := new.ended_at + new.ttl_s * interval '1 second';
        if new.callback then
            update callbacks set due_at = now() where task_id = new.id;
        end if;
    end if;
    return new;
end
$$;
