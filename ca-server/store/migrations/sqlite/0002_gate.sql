-- Agents: a cache of orders like units and people. It speeds up, and decides nothing.
create table agent (
    agent_id text primary key,
    unit_id text not null,
    application text not null,
    order_digest blob not null,
    open integer not null
) strict;

-- Tokens under which agents join, sealed under a key file of the issuer.
create table join_token (
    order_digest blob primary key,
    agent_id text not null,
    sealed blob not null
) strict;

-- People snapshots, every one that was made; and the one of each agent that is current.
create table people_snapshot (
    agent_id text not null,
    number integer not null,
    snapshot blob not null,
    signature blob not null,
    primary key (agent_id, number)
) strict;

create table people_current (
    agent_id text primary key,
    number integer not null,
    said blob not null,
    next_update integer not null
) strict;

-- Versions of the access rules with the order that put each in force; none for the founding's.
create table bundle (
    version integer primary key,
    order_digest blob not null
) strict;

-- Runs of agents' spools as far as the log has them, with the newest signed head.
create table agent_run (
    agent_id text not null,
    epoch blob not null,
    count integer not null,
    chain blob not null,
    primary key (agent_id, epoch)
) strict;

create table agent_head (
    agent_id text not null,
    epoch blob not null,
    count integer not null,
    head blob not null,
    signature blob not null,
    certificate blob not null,
    primary key (agent_id, epoch, count)
) strict;

-- What records are found by: made from the log, and can be made again.
create table log_term (
    log_id text not null,
    term text not null,
    idx integer not null,
    primary key (log_id, term, idx)
) strict, without rowid;

create table log_projected (
    log_id text primary key,
    size integer not null
) strict;

-- Triggers: changes of cached agents are counted like those of units and people.
create trigger agent_insert after insert on agent begin update tripwire set changes = changes + 1; end;
create trigger agent_update after update on agent begin update tripwire set changes = changes + 1; end;
create trigger agent_delete after delete on agent begin update tripwire set changes = changes + 1; end;
