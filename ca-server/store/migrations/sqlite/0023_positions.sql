-- Positions are drawn by who writes: a counter of the database would be moved for good by one row,
-- and so would they by a row of a log that nobody sequences.
create table log_pending_drawn (
    position integer primary key check (position > 0 and position < 4611686018427387904),
    log_id text not null check (log_id in ('control', 'access')),
    record_id blob not null unique,
    record blob not null,
    salt blob not null,
    entry blob not null
) strict;
insert into log_pending_drawn select position, log_id, record_id, record, salt, entry
from log_pending where position > 0 and position < 4611686018427387904
and log_id in ('control', 'access');
drop table log_pending;
alter table log_pending_drawn rename to log_pending;
create index log_pending_log on log_pending (log_id, position);
