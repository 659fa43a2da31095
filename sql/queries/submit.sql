-- Task, program and hint appear together or not at all: not at all while the queue is full.
-- $1 task id, $2 queue, $3 shots, $4 seed, $5 program,
-- $6 the most tasks that may be queued, or null if they need not be counted
with task as (
    insert into tasks (id, queue, shots, seed)
    select $1::uuid, $2, $3::integer, $4::bigint
    where $6::integer is null or $6 > (
        select count(*) from (
            select from tasks where queue = $2 and status = 'queued' limit $6
        ) q)
    returning id, queue
), program as (
    insert into programs (task_id, qc) select id, $5 from task
)
select id, hint_workers(queue) from task
