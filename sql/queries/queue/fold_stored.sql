-- Makes one of the rows whose sum is what is stored, where they are many.
-- $1 how many are many
with folded as (
    delete from stored_bytes
    where ctid = any(array(select ctid from stored_bytes for update skip locked))
      and (select count(*) from (select from stored_bytes limit $1) s) = $1
    returning bytes
)
insert into stored_bytes select sum(bytes) from folded having count(*) > 0
