-- How many bytes all tasks take that are stored.
select greatest(0, coalesce(sum(bytes), 0))::bigint from stored_bytes
