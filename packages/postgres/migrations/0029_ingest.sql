-- The role of a process that only takes in what machines report: what it may call is said by the functions.
grant usage on schema dueline to dueline_ingest
;

-- A program that does not migrate itself looks here until another has.
grant select on dueline.migrations, dueline.repeatables to dueline_ingest
;

-- Whether a tenant of a token is there, without its name.
grant select (tenant_id) on dueline.tenants to dueline_ingest
;
create policy ingest_reads on dueline.tenants for select to dueline_ingest using (true)
;
