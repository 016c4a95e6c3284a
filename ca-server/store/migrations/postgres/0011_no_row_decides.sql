-- No row decides any more, so nobody counts who changes one; challenges are sealed and remembered by
-- the log; operators ask over a socket.
drop table tripwire;
drop table challenge;
drop table draft;

-- Triggers.
drop function touched() cascade;
