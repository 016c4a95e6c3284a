-- Positions are drawn by who writes: a counter of the database would be moved for good by one row,
-- and so would they by a row of a log that nobody sequences.
-- Writers of two logs do not wait for each other, and may draw the same.
delete from log_pending where position <= 0 or position >= 4611686018427387904
or log_id not in ('control', 'access');
alter table log_pending alter column position drop identity;
alter table log_pending drop constraint log_pending_pkey;
alter table log_pending add primary key (position, log_id);
alter table log_pending add check (position > 0 and position < 4611686018427387904);
alter table log_pending add check (log_id in ('control', 'access'));
