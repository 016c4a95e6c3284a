create table machine_transaction (
    name text primary key,
    serial text not null,
    until bigint not null
);
create index machine_transaction_until on machine_transaction (until);
