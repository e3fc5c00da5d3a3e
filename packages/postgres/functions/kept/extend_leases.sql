-- kept for: 0.1.0

-- A row that a commit holds at this moment is passed over: the commit decides about its lease, and nobody waits for anybody.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.extend_leases(p_worker text, p_until bigint, p_holdings json) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  holding record;
  extended integer := 0;
begin
  for holding in select * from json_to_recordset(p_holdings) as h(t uuid, c uuid, e integer) loop
    perform 1 from dueline.service_calls k
      where k.tenant_id = holding.t and k.call_id = holding.c and k.epoch = holding.e and k.worker = p_worker
        and k.status = 'Running' and k.lease_until < p_until
      for update skip locked;
    if found then
      update dueline.service_calls k set lease_until = p_until where k.tenant_id = holding.t and k.call_id = holding.c;
      extended := extended + 1;
    end if;
  end loop;
  return extended;
end $$
;
