-- No row decides any more, so nobody counts who changes one; challenges are sealed and remembered by
-- the log; operators ask over a socket.
drop table tripwire;
drop table challenge;
drop table draft;

-- Triggers.
drop trigger unit_insert;
drop trigger unit_update;
drop trigger unit_delete;
drop trigger person_insert;
drop trigger person_update;
drop trigger person_delete;
drop trigger role_grant_insert;
drop trigger role_grant_update;
drop trigger role_grant_delete;
drop trigger portal_insert;
drop trigger portal_update;
drop trigger portal_delete;
drop trigger profile_insert;
drop trigger profile_update;
drop trigger profile_delete;
drop trigger revocation_insert;
drop trigger revocation_update;
drop trigger revocation_delete;
drop trigger agent_insert;
drop trigger agent_update;
drop trigger agent_delete;
