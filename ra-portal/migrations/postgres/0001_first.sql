-- Events of the portal's processes on their way into the accountability log.
create table spool (
    position bigint generated always as identity primary key,
    maker text not null,
    record bytea not null,
    salt bytea not null
);
create index spool_maker on spool (maker, position);
