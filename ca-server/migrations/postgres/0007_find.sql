-- Officers find people by the beginning of a name, or by unit, in the order of names.
drop index person_name;
drop index person_unit;
-- Names compare byte by byte, as in SQLite: what begins with a text is a range.
alter table person alter column name type text collate "C";
alter table person alter column person_id type text collate "C";
alter table certificate alter column serial type text collate "C";
create index person_name on person (name, person_id);
create index person_unit on person (unit_id, name, person_id);
