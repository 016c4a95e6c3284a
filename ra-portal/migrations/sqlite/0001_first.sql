-- Events of the portal's processes on their way into the accountability log.
create table spool (
    position integer primary key autoincrement,
    maker text not null,
    record blob not null,
    salt blob not null
) strict;
create index spool_maker on spool (maker, position);
