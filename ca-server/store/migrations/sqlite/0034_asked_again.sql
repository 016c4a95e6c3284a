-- What a crash left and the issuer gave up is asked for again by the same request: more than one
-- intent stands under its digest, one behind the other. What may be signed is no row's to say.
create table intent_again (
    serial text primary key,
    under blob not null,
    profile_id text not null,
    subject text not null,
    reference text,
    tbs blob not null,
    mac blob not null,
    state text not null
) strict;
insert into intent_again select serial, under, profile_id, subject, reference, tbs, mac, state
from intent;
drop table intent;
alter table intent_again rename to intent;
create index intent_state on intent (state);
