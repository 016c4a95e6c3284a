-- Officers find people by the beginning of a name, or by unit, in the order of names.
drop index person_name;
drop index person_unit;
create index person_name on person (name, person_id);
create index person_unit on person (unit_id, name, person_id);
