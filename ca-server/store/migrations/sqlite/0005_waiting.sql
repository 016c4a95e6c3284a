-- What waits is listed oldest first.
create index ordered_waiting on ordered (state, made, order_id);
drop index ordered_open;
