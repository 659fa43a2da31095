-- An instance says goodbye.
-- $1 instance
delete from instances where id = $1
