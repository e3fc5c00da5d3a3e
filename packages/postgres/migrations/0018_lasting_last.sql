-- What a call's first event says and no list filters by stands at the end of its row. The log record of an update leaves out what the old and the new
-- row have alike at either end, so these texts are logged once and not again with each step.

-- Null in rows of before, whose texts stand in headers, body_snippet and retry.
alter table dueline.service_calls add column request_headers json, add column request_snippet json, add column retry_policy json
;
grant select (request_headers, request_snippet, retry_policy) on dueline.service_calls to dueline_edge
;
