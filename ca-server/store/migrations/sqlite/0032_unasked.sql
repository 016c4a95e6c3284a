-- Indexes that nothing asks: each was one more place to write for every order and certificate.
drop index ordered_reference;
drop index certificate_key;
drop index certificate_reference;
