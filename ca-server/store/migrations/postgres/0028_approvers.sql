-- The issuer's MAC over all approvals that carried an order, and over as what each counted.
alter table consumed_approval add column mac bytea;
