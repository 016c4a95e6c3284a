-- Certificates for systems: what clients of ACME asked this portal for, and how far it is. Nothing
-- here decides: the CA judges every account and every request again by what clients signed.
create table machine_secret (
    name text primary key,
    secret blob not null
) strict;
create table machine_nonce (
    nonce blob primary key,
    until integer not null
) strict, without rowid;
create index machine_nonce_until on machine_nonce (until);
create table machine_account (
    account text primary key,
    thumbprint text not null unique,
    jwk text not null,
    system text not null,
    contact text not null,
    status text not null,
    created integer not null
) strict;
create table machine_order (
    position integer primary key autoincrement,
    id text not null unique,
    account text not null,
    stage text not null,
    identifiers text not null,
    profile text not null,
    replaces text,
    expires integer not null,
    due integer not null,
    request text,
    vouched text,
    serial text,
    chain text,
    name text,
    not_before integer not null,
    not_after integer not null,
    revoked integer not null,
    error text
) strict;
create index machine_order_account on machine_order (account, position);
create index machine_order_stage on machine_order (stage, due);
create index machine_order_serial on machine_order (serial);
create index machine_order_name on machine_order (name);
create index machine_order_replaces on machine_order (replaces);
create table machine_authorization (
    position integer primary key autoincrement,
    id text not null unique,
    order_id text not null,
    account text not null,
    identifier text not null,
    is_preauthorized integer not null,
    is_deactivated integer not null,
    token text not null,
    expires integer not null,
    kind text not null,
    thumbprint text not null,
    status text not null,
    validated integer not null,
    error text,
    due integer not null,
    tries integer not null
) strict;
create index machine_authorization_order on machine_authorization (order_id, position);
create index machine_authorization_status on machine_authorization (status, due);
create index machine_authorization_expires on machine_authorization (expires);
create index machine_authorization_holder on machine_authorization (account, identifier)
    where status = 'valid';
