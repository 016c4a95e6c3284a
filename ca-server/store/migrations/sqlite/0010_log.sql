-- Entries stand in the order in which they come. Records of runs have no id here: that each stands once
-- follows from its run, and it is found by it.
create table entry (
    log_id text not null,
    idx integer not null,
    record_id blob,
    record blob not null,
    salt blob not null,
    entry blob not null
) strict;
insert into entry (log_id, idx, record_id, record, salt, entry)
    select log_id, idx, record_id, record, salt, entry from log_entry order by log_id, idx;
drop table log_entry;
alter table entry rename to log_entry;
create unique index log_entry_place on log_entry (log_id, idx);
create unique index log_entry_record on log_entry (record_id) where record_id is not null;

-- What opens commitments in records of runs.
create table log_opening (
    log_id text not null,
    idx integer not null,
    disclosures text not null,
    primary key (log_id, idx)
) strict;

-- Where the records stand that a head added to its run: from number `first` on, at `idx`.
alter table agent_head add column first integer;
alter table agent_head add column idx integer;

-- The index: segments over pieces of a log, each with its postings in sorted blocks.
drop table log_term;
delete from log_projected;
create table log_segment (
    log_id text not null,
    segment integer not null,
    first integer not null,
    size integer not null,
    primary key (log_id, segment)
) strict;
create table log_posting (
    log_id text not null,
    segment integer not null,
    low blob not null,
    block blob not null,
    primary key (log_id, segment, low)
) strict;
