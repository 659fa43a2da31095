-- Task, program and hint appear together or not at all.
-- $1 task id, $2 queue, $3 shots, $4 seed, $5 program
with task as (
    insert into tasks (id, queue, shots, seed) values ($1, $2, $3, $4) returning id, queue
), program as (
    insert into programs (task_id, qc) select id, $5 from task
)
select hint_workers(queue) from task
