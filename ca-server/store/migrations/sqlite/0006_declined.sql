-- Which record says why an order was declined.
create table declined (
    order_digest blob primary key,
    record_id blob not null
) strict;
