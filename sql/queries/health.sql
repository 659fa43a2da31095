-- What readiness needs to know: the newest migration applied.
select max(number) from schema_migrations
