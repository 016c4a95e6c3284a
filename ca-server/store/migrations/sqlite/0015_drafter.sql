-- Who drafted an order under their own signature, so that handlers find what became of theirs.
alter table ordered add column drafter text;
create index ordered_drafter on ordered (drafter, made, order_id);
