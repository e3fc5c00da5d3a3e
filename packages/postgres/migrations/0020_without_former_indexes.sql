-- The indexes that those of the step before stand for, once the functions go by these.
--
-- in one transaction with the functions

drop index dueline.events_cause
;
drop index dueline.events_order
;
