-- Caches of orders: units, persons, roles, portals, profiles. They speed up, and decide nothing.
create table unit (
    unit_id text primary key,
    name text not null,
    county bigint not null,
    parent text,
    open bigint not null
);

create table person (
    person_id text primary key,
    unit_id text not null,
    version bigint not null,
    left_office bigint not null,
    name text not null,
    disclosures text not null
);
create index person_unit on person (unit_id);

create table role_grant (
    person_id text not null,
    role text not null,
    scope text not null,
    primary key (person_id, role, scope)
);

create table portal (
    portal_id text primary key,
    unit_id text not null,
    public_host text not null,
    staff_host text not null,
    open bigint not null
);

create table profile (
    profile_id text primary key,
    version bigint not null,
    digest bytea not null
);

-- Enrolment. Bind keys are sealed under a key file of the issuer; look-up and loss values are hashes.
create table letter (
    reference text primary key,
    person_id text not null,
    profile_id text not null,
    label text not null,
    lookup_sha256 bytea not null,
    loss_sha256 bytea not null,
    bind_page bytea not null,
    bind_cli bytea not null,
    expires bigint not null,
    tries bigint not null,
    lost bigint not null default 0
);

create table challenge (
    challenge_sha256 bytea primary key,
    reference text not null,
    expires bigint not null
);
create index challenge_expires on challenge (expires);

-- Orders and what became of them. state: open, done, cancelled, refused.
create table ordered (
    order_digest bytea primary key,
    order_id text not null unique,
    kind text not null,
    about text not null,
    person_id text,
    reference text,
    order_bytes bytea not null,
    signature bytea not null,
    disclosures text not null,
    files text not null,
    bind bytea,
    request bytea,
    challenge bytea,
    made bigint not null,
    expires bigint not null,
    state text not null
);
create index ordered_open on ordered (state, order_id);
create index ordered_reference on ordered (reference);

create table approval (
    order_digest bytea not null,
    person_id text not null,
    approval text not null,
    received bigint not null,
    primary key (order_digest, person_id)
);

-- Approvals that were counted; one person once an order, for ever.
create table consumed_approval (
    order_digest bytea not null,
    person_id text not null,
    primary key (order_digest, person_id)
);

-- state: recorded, signing, done, abandoned.
create table intent (
    serial text primary key,
    under bytea not null unique,
    profile_id text not null,
    subject text not null,
    reference text,
    tbs bytea not null,
    mac bytea not null,
    state text not null
);
create index intent_state on intent (state);

create table certificate (
    serial text primary key,
    under bytea not null,
    subject text not null,
    profile_id text not null,
    reference text,
    key_sha256 bytea not null,
    not_after bigint not null,
    certificate bytea not null,
    record_id bytea not null
);
create index certificate_subject on certificate (subject);
create index certificate_key on certificate (key_sha256);
create index certificate_reference on certificate (reference);

create table revocation (
    serial text primary key,
    at bigint not null,
    reason text not null,
    not_after bigint not null
);

create table crl (
    issuer text not null,
    shard bigint not null,
    number bigint not null,
    this_update bigint not null,
    next_update bigint not null,
    list bytea not null,
    primary key (issuer, shard, number)
);

-- What operators ask the running issuer to do. state: new, done, refused.
create table draft (
    draft_id text primary key,
    kind text not null,
    body text not null,
    state text not null,
    result text not null,
    made bigint not null
);
create index draft_state on draft (state);

-- What opens commitments in records.
create table disclosure (
    record_id bytea not null,
    path text not null,
    salt bytea not null,
    value text not null,
    primary key (record_id, path)
);

-- The logs.
create table log_pending (
    position bigint generated always as identity primary key,
    log_id text not null,
    record_id bytea not null unique,
    record bytea not null,
    salt bytea not null,
    entry bytea not null
);
create index log_pending_log on log_pending (log_id, position);

create table log_entry (
    log_id text not null,
    idx bigint not null,
    record_id bytea not null unique,
    record bytea not null,
    salt bytea not null,
    entry bytea not null,
    primary key (log_id, idx)
);

create table log_head (
    log_id text primary key,
    size bigint not null,
    root bytea not null,
    checkpoint text not null
);

create table log_tile (
    log_id text not null,
    level bigint not null,
    idx bigint not null,
    hashes bytea not null,
    primary key (log_id, level, idx)
);

create table lease (
    name text primary key,
    holder text not null,
    until bigint not null
);

-- Triggers. Every change of a cached row is counted, whoever makes it: the issuer compares rows with the
-- log again when the count is not the one that it left. Without them it still does so every minute.
create table tripwire (
    one bigint primary key,
    changes bigint not null
);
insert into tripwire values (1, 0);
create function touched() returns trigger language plpgsql as $$
begin
    update tripwire set changes = changes + 1;
    return null;
end
$$;
create trigger unit_touched after insert or update or delete on unit
    for each statement execute function touched();
create trigger person_touched after insert or update or delete on person
    for each statement execute function touched();
create trigger role_grant_touched after insert or update or delete on role_grant
    for each statement execute function touched();
create trigger portal_touched after insert or update or delete on portal
    for each statement execute function touched();
create trigger profile_touched after insert or update or delete on profile
    for each statement execute function touched();
create trigger revocation_touched after insert or update or delete on revocation
    for each statement execute function touched();
