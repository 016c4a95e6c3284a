-- Notices on their way to people, a row for each channel; what each says is under a MAC of the role.
create table notice (
    notice_id bytea not null,
    channel text collate "C" not null,
    person_id text collate "C" not null,
    notice bytea not null,
    mac bytea not null,
    made bigint not null,
    state text collate "C" not null,
    tries bigint not null,
    next_try bigint not null,
    primary key (notice_id, channel)
);
create index notice_due on notice (channel, state, next_try);
create index notice_person on notice (person_id, made);
