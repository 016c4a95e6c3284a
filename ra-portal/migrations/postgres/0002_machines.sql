-- Certificates for systems: what clients of ACME asked this portal for, and how far it is. Nothing
-- here decides: the CA judges every account and every request again by what clients signed.
create table machine_secret (
    name text primary key,
    secret bytea not null
);
create table machine_nonce (
    nonce bytea primary key,
    until bigint not null
);
create index machine_nonce_until on machine_nonce (until);
create table machine_account (
    account text primary key,
    thumbprint text not null unique,
    jwk text not null,
    system text not null,
    contact text not null,
    status text not null,
    created bigint not null
);
create table machine_order (
    position bigint generated always as identity primary key,
    id text not null unique,
    account text not null,
    stage text not null,
    identifiers text not null,
    profile text not null,
    replaces text,
    expires bigint not null,
    due bigint not null,
    request text,
    vouched text,
    serial text,
    chain text,
    name text,
    not_before bigint not null,
    not_after bigint not null,
    revoked bigint not null,
    error text
);
create index machine_order_account on machine_order (account, position);
create index machine_order_stage on machine_order (stage, due);
create index machine_order_serial on machine_order (serial);
create index machine_order_name on machine_order (name);
create index machine_order_replaces on machine_order (replaces);
create table machine_authorization (
    position bigint generated always as identity primary key,
    id text not null unique,
    order_id text not null,
    account text not null,
    identifier text not null,
    is_preauthorized bigint not null,
    is_deactivated bigint not null,
    token text not null,
    expires bigint not null,
    kind text not null,
    thumbprint text not null,
    status text not null,
    validated bigint not null,
    error text,
    due bigint not null,
    tries bigint not null
);
create index machine_authorization_order on machine_authorization (order_id, position);
create index machine_authorization_status on machine_authorization (status, due);
create index machine_authorization_expires on machine_authorization (expires);
create index machine_authorization_holder on machine_authorization (account, identifier)
    where status = 'valid';
