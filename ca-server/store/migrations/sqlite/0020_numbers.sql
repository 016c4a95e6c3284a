-- Numbers of people snapshots are kept by the issuer; no row says which one is the newest.
drop table people_current;
