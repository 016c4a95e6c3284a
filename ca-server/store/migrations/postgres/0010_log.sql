-- Records of runs have no id here: that each stands once follows from its run, and it is found by it.
alter table log_entry drop constraint log_entry_record_id_key;
alter table log_entry alter column record_id drop not null;
create unique index log_entry_record on log_entry (record_id) where record_id is not null;

-- What opens commitments in records of runs.
create table log_opening (
    log_id text collate "C" not null,
    idx bigint not null,
    disclosures text collate "C" not null,
    primary key (log_id, idx)
);

-- Where the records stand that a head added to its run: from number `first` on, at `idx`.
alter table agent_head add column first bigint;
alter table agent_head add column idx bigint;

-- The index: segments over pieces of a log, each with its postings in sorted blocks.
drop table log_term;
delete from log_projected;
create table log_segment (
    log_id text collate "C" not null,
    segment bigint not null,
    first bigint not null,
    size bigint not null,
    primary key (log_id, segment)
);
create table log_posting (
    log_id text collate "C" not null,
    segment bigint not null,
    low bytea not null,
    block bytea not null,
    primary key (log_id, segment, low)
);
