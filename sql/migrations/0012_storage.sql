-- Oldest program: 0007
-- What a task costs Postgres itself.

-- Where this server cannot compress as fast as migration 0003 wants it, it does not compress at all:
-- its own way (pglz) takes longer than all else that is done to store a result of 14 kB, 0.4 of 0.6
-- ms. The limit to what is stored counts bytes before they are compressed anyway.
do $$ begin
    alter table results alter column details set compression lz4;
exception when feature_not_supported then
    alter table programs alter column qc set storage external;
    alter table results
        alter column counts set storage external,
        alter column details set storage external;
end $$;

-- It depends on the enum's labels, which makes it stable. Postgres puts the body of such a function
-- into the statements that call it; one that is declared immutable, but is not, it runs by itself,
-- for each row of a list and at each change of a status.
create or replace function shown_status(status task_status, cancel_requested_at timestamptz)
returns text language sql stable as $$
    select case when status = 'running' and cancel_requested_at is not null
        then 'cancelling' else status::text end
$$;
