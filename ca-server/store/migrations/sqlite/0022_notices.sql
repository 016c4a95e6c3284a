-- Notices on their way to people, a row for each channel; what each says is under a MAC of the role.
create table notice (
    notice_id blob not null,
    channel text not null,
    person_id text not null,
    notice blob not null,
    mac blob not null,
    made integer not null,
    state text not null,
    tries integer not null,
    next_try integer not null,
    primary key (notice_id, channel)
) strict;
create index notice_due on notice (channel, state, next_try);
create index notice_person on notice (person_id, made);
