-- Callbacks are shared out by host, so that those who answer slowly hold up nobody else.

alter table callbacks
    -- As the URL has it, without the port: of those a host has as many as it likes.
    add column host text collate "C" generated always as (
        lower(coalesce(substring(url from '^[^/]*//(\[[^]]*\]|[^/?:]*)'), ''))) stored,
    -- It waits in the queue of its host: because that was slow, or has as many as it may have.
    add column aside boolean not null default false;

drop index callbacks_due;
create index callbacks_new on callbacks (due_at)
    where not aside and delivered_at is null and failed_at is null;
create index callbacks_of_host on callbacks (host, due_at)
    where delivered_at is null and failed_at is null;
create index callbacks_aside on callbacks (host, due_at)
    where aside and delivered_at is null and failed_at is null;
