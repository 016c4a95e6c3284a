-- What of an order needs a look, as it was found when it was made; empty if nothing does.
alter table ordered add column look text not null default '';
