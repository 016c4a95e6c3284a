-- Officers look for people by the beginning of their names.
create index person_name on person (name text_pattern_ops, person_id);
