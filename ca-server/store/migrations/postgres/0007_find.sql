-- Officers find people by the beginning of a name, or by unit, in the order of names.
drop index person_name;
drop index person_unit;
create index person_name on person (name, person_id);
create index person_unit on person (unit_id, name, person_id);

-- Collation. Text compares byte by byte, as in SQLite: what begins with a text is a range, and columns that are
-- compared can use each other's indexes.
do $$
declare one record;
begin
    for one in select c.table_name, c.column_name from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = current_schema() and c.data_type = 'text'
            and t.table_type = 'BASE TABLE' and t.table_name not like '\_%'
    loop
        execute format('alter table %I alter column %I type text collate "C"', one.table_name, one.column_name);
    end loop;
end
$$;
