create table machine_transaction (
    name text primary key,
    serial text not null,
    until integer not null
) strict, without rowid;
create index machine_transaction_until on machine_transaction (until);
