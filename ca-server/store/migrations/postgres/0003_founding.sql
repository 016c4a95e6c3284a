-- Whose city this database holds: `building` while `init` has not put its directory in place. A database on
-- its own machine cannot be renamed together with a directory, and this row tells the next `init` which it is.
create table founding (
    digest bytea primary key,
    state text not null
);
