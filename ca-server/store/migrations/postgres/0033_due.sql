-- The next notices of a channel stand in the order in which they are handed over: however many
-- wait, none but these are looked at.
drop index notice_due;
create index notice_due on notice (channel, state, next_try, made, notice_id);
