-- Caches of orders: units, persons, roles, portals, profiles. They speed up, and decide nothing.
create table unit (
    unit_id text primary key,
    name text not null,
    county integer not null,
    parent text,
    open integer not null
) strict;

create table person (
    person_id text primary key,
    unit_id text not null,
    version integer not null,
    left_office integer not null,
    name text not null,
    disclosures text not null
) strict;
create index person_unit on person (unit_id);

create table role_grant (
    person_id text not null,
    role text not null,
    scope text not null,
    primary key (person_id, role, scope)
) strict;

create table portal (
    portal_id text primary key,
    unit_id text not null,
    public_host text not null,
    staff_host text not null,
    open integer not null
) strict;

create table profile (
    profile_id text primary key,
    version integer not null,
    digest blob not null
) strict;

-- Enrolment. Bind keys are sealed under a key file of the issuer; look-up and loss values are hashes.
create table letter (
    reference text primary key,
    person_id text not null,
    profile_id text not null,
    label text not null,
    lookup_sha256 blob not null,
    loss_sha256 blob not null,
    bind_page blob not null,
    bind_cli blob not null,
    expires integer not null,
    tries integer not null,
    lost integer not null default 0
) strict;

create table challenge (
    challenge_sha256 blob primary key,
    reference text not null,
    expires integer not null
) strict;
create index challenge_expires on challenge (expires);

-- Orders and what became of them. state: open, done, cancelled, refused.
create table ordered (
    order_digest blob primary key,
    order_id text not null unique,
    kind text not null,
    about text not null,
    person_id text,
    reference text,
    order_bytes blob not null,
    signature blob not null,
    disclosures text not null,
    files text not null,
    bind blob,
    request blob,
    challenge blob,
    made integer not null,
    expires integer not null,
    state text not null
) strict;
create index ordered_open on ordered (state, order_id);
create index ordered_reference on ordered (reference);

create table approval (
    order_digest blob not null,
    person_id text not null,
    approval text not null,
    received integer not null,
    primary key (order_digest, person_id)
) strict;

-- Approvals that were counted; one person once an order, for ever.
create table consumed_approval (
    order_digest blob not null,
    person_id text not null,
    primary key (order_digest, person_id)
) strict;

-- state: recorded, signing, done, abandoned.
create table intent (
    serial text primary key,
    under blob not null unique,
    profile_id text not null,
    subject text not null,
    reference text,
    tbs blob not null,
    mac blob not null,
    state text not null
) strict;
create index intent_state on intent (state);

create table certificate (
    serial text primary key,
    under blob not null,
    subject text not null,
    profile_id text not null,
    reference text,
    key_sha256 blob not null,
    not_after integer not null,
    certificate blob not null,
    record_id blob not null
) strict;
create index certificate_subject on certificate (subject);
create index certificate_key on certificate (key_sha256);
create index certificate_reference on certificate (reference);

create table revocation (
    serial text primary key,
    at integer not null,
    reason text not null,
    not_after integer not null
) strict;

create table crl (
    issuer text not null,
    shard integer not null,
    number integer not null,
    this_update integer not null,
    next_update integer not null,
    list blob not null,
    primary key (issuer, shard, number)
) strict;

-- What operators ask the running issuer to do. state: new, done, refused.
create table draft (
    draft_id text primary key,
    kind text not null,
    body text not null,
    state text not null,
    result text not null,
    made integer not null
) strict;
create index draft_state on draft (state);

-- What opens commitments in records.
create table disclosure (
    record_id blob not null,
    path text not null,
    salt blob not null,
    value text not null,
    primary key (record_id, path)
) strict;

-- The logs.
create table log_pending (
    position integer primary key autoincrement,
    log_id text not null,
    record_id blob not null unique,
    record blob not null,
    salt blob not null,
    entry blob not null
) strict;
create index log_pending_log on log_pending (log_id, position);

create table log_entry (
    log_id text not null,
    idx integer not null,
    record_id blob not null unique,
    record blob not null,
    salt blob not null,
    entry blob not null,
    primary key (log_id, idx)
) strict, without rowid;

create table log_head (
    log_id text primary key,
    size integer not null,
    root blob not null,
    checkpoint text not null
) strict;

create table log_tile (
    log_id text not null,
    level integer not null,
    idx integer not null,
    hashes blob not null,
    primary key (log_id, level, idx)
) strict, without rowid;

create table lease (
    name text primary key,
    holder text not null,
    until integer not null
) strict;

-- Triggers. Every change of a cached row is counted, whoever makes it: the issuer compares rows with the
-- log again when the count is not the one that it left. Without them it still does so every minute.
create table tripwire (
    one integer primary key,
    changes integer not null
) strict;
insert into tripwire values (1, 0);
create trigger unit_insert after insert on unit begin update tripwire set changes = changes + 1; end;
create trigger unit_update after update on unit begin update tripwire set changes = changes + 1; end;
create trigger unit_delete after delete on unit begin update tripwire set changes = changes + 1; end;
create trigger person_insert after insert on person begin update tripwire set changes = changes + 1; end;
create trigger person_update after update on person begin update tripwire set changes = changes + 1; end;
create trigger person_delete after delete on person begin update tripwire set changes = changes + 1; end;
create trigger role_grant_insert after insert on role_grant begin update tripwire set changes = changes + 1; end;
create trigger role_grant_update after update on role_grant begin update tripwire set changes = changes + 1; end;
create trigger role_grant_delete after delete on role_grant begin update tripwire set changes = changes + 1; end;
create trigger portal_insert after insert on portal begin update tripwire set changes = changes + 1; end;
create trigger portal_update after update on portal begin update tripwire set changes = changes + 1; end;
create trigger portal_delete after delete on portal begin update tripwire set changes = changes + 1; end;
create trigger profile_insert after insert on profile begin update tripwire set changes = changes + 1; end;
create trigger profile_update after update on profile begin update tripwire set changes = changes + 1; end;
create trigger profile_delete after delete on profile begin update tripwire set changes = changes + 1; end;
create trigger revocation_insert after insert on revocation begin update tripwire set changes = changes + 1; end;
create trigger revocation_update after update on revocation begin update tripwire set changes = changes + 1; end;
create trigger revocation_delete after delete on revocation begin update tripwire set changes = changes + 1; end;
