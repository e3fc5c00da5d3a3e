-- Whether a tenant is there is said by a function: a process that only takes in reads no table of tenants.
drop policy ingest_reads on dueline.tenants
;
revoke select (tenant_id) on dueline.tenants from dueline_ingest
;
