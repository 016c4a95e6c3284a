-- As what an approval counted: for whom, and in which batch of how many, opened there or not.
alter table consumed_approval add column acting_for text;
alter table consumed_approval add column batch text;
alter table consumed_approval add column batch_rows integer not null default 0;
alter table consumed_approval add column opened integer not null default 0;
