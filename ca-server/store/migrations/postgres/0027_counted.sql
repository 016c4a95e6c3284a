-- As what an approval counted: for whom, and in which batch of how many, opened there or not.
alter table consumed_approval add column acting_for text collate "C";
alter table consumed_approval add column batch text collate "C";
alter table consumed_approval add column batch_rows bigint not null default 0;
alter table consumed_approval add column opened bigint not null default 0;
