-- The change below which all are known now: what is read of the feed from here on is new.
select sure_change()
