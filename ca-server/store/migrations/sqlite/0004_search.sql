-- Officers look for people by the beginning of their names.
create index person_name on person (name collate nocase, person_id);
