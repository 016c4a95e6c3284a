-- Agents: a cache of orders like units and people. It speeds up, and decides nothing.
create table agent (
    agent_id text primary key,
    unit_id text not null,
    application text not null,
    order_digest bytea not null,
    open bigint not null
);

-- Tokens under which agents join, sealed under a key file of the issuer.
create table join_token (
    order_digest bytea primary key,
    agent_id text not null,
    sealed bytea not null
);

-- People snapshots, every one that was made; and the one of each agent that is current.
create table people_snapshot (
    agent_id text not null,
    number bigint not null,
    snapshot bytea not null,
    signature bytea not null,
    primary key (agent_id, number)
);

create table people_current (
    agent_id text primary key,
    number bigint not null,
    said bytea not null,
    next_update bigint not null
);

-- Versions of the access rules with the order that put each in force; none for the founding's.
create table bundle (
    version bigint primary key,
    order_digest bytea not null
);

-- Runs of agents' spools as far as the log has them, with the newest signed head.
create table agent_run (
    agent_id text not null,
    epoch bytea not null,
    count bigint not null,
    chain bytea not null,
    primary key (agent_id, epoch)
);

create table agent_head (
    agent_id text not null,
    epoch bytea not null,
    count bigint not null,
    head bytea not null,
    signature bytea not null,
    certificate bytea not null,
    primary key (agent_id, epoch, count)
);

-- What records are found by: made from the log, and can be made again.
create table log_term (
    log_id text not null,
    term text not null,
    idx bigint not null,
    primary key (log_id, term, idx)
);

create table log_projected (
    log_id text primary key,
    size bigint not null
);

-- Triggers: changes of cached agents are counted like those of units and people.
create trigger agent_touched after insert or update or delete on agent
    for each statement execute function touched();
