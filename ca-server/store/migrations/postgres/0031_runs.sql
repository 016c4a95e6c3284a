-- How far a run reaches follows from the newest head that its agent signed.
drop table agent_run;
