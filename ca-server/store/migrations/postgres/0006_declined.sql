-- Which record says why an order was declined.
create table declined (
    order_digest bytea primary key,
    record_id bytea not null
);
