-- What a call waits for stands beside its due time.

-- Both null in rows of before, which show the time of their last retry as due_at.
alter table dueline.service_calls add column not_before bigint, add column wait_reason text
;

grant select (not_before, wait_reason) on dueline.service_calls to dueline_edge
;
