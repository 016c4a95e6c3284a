-- Whose city this database holds: `building` while `init` has not put its directory in place.
create table founding (
    digest blob primary key,
    state text not null
) strict;
