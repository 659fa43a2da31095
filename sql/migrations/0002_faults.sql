-- How many outcomes of an instance came from attempts that no longer owned their task, and so were
-- refused: it had been frozen, or cut off, for longer than its lease.
alter table instances add column refused bigint not null default 0;

-- Attempts are consecutive: a claim adds one, nothing else touches them.
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
    return new;
end
$$;
