-- When clients of systems came last, and what they were refused: this portal's own word, for who is
-- in charge of them. Nothing here decides.
create table machine_contact (
    subject text primary key,
    seen integer not null
) strict;
create table machine_trouble (
    subject text not null,
    act text not null,
    code text not null,
    zh text not null,
    en text not null,
    began integer not null,
    seen integer not null,
    times integer not null,
    is_proven integer not null,
    primary key (subject, act, code)
) strict;
create index machine_trouble_seen on machine_trouble (is_proven, seen);
