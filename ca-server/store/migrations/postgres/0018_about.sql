-- Orders about a person, newest first, for the page of that person.
create index ordered_person on ordered (person_id, made, order_id);
