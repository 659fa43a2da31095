-- Which of the tasks that an instance runs shall be stopped.
-- $1 instance
select id from tasks
where instance = $1 and status = 'running' and cancel_requested_at is not null
