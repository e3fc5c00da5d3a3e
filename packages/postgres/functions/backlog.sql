-- What the workers see and change of calls that are due or held.

-- Says what targetOf of the contracts says. Letters beyond ASCII are lowered as the database's collation has it.
--
-- callers: dueline_append
-- owner: dueline_append
create or replace function dueline.target_of(p_url text) returns text language sql immutable parallel safe
return coalesce(lower(substring(p_url from '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)')), '')
;

-- The workers have no right to read a URL: they are told the host and port that limits and circuit breakers go by, and nothing that may
-- be secret. A call is due for them when nothing else is waited for either.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.upcoming(p_before bigint, p_due bigint, p_call uuid, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select json_strip_nulls(json_build_object('tenantId', c.tenant_id, 'callId', c.call_id, 'revision', c.revision, 'dueAt', c.wake_at,
      'target', dueline.target_of(c.url), 'tags', to_json(nullif(c.tags, '{}')), 'flow', c.flow))
    from dueline.service_calls c
    where c.wake_at is not null and c.wake_at <= p_before and (c.wake_at, c.call_id) > (p_due, p_call) and c.status = 'Scheduled'
    order by c.wake_at, c.call_id limit p_limit;
end $$
;

-- Says by their places in the list which holdings were renewed and which are gone. A row that a commit holds at this moment is in neither: the
-- commit decides about its lease, and nobody waits for anybody. A lease is renewed also when it ends later: a clock may have been set back.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.renew_leases(p_worker text, p_until bigint, p_holdings json) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  holding record;
  renewed integer[] := '{}';
  gone integer[] := '{}';
begin
  for holding in select * from rows from (json_to_recordset(p_holdings) as (t uuid, c uuid, e integer)) with ordinality as h(t, c, e, n) loop
    perform 1 from dueline.service_calls k
      where k.tenant_id = holding.t and k.call_id = holding.c and k.epoch = holding.e and k.worker = p_worker and k.status = 'Running'
      for update skip locked;
    if found then
      update dueline.service_calls k set lease_until = p_until where k.tenant_id = holding.t and k.call_id = holding.c;
      renewed := renewed || (holding.n - 1)::integer;
    else
      perform 1 from dueline.service_calls k
        where k.tenant_id = holding.t and k.call_id = holding.c and k.epoch = holding.e and k.worker = p_worker and k.status = 'Running';
      if not found then
        gone := gone || (holding.n - 1)::integer;
      end if;
    end if;
  end loop;
  return json_build_object('renewed', to_json(renewed), 'gone', to_json(gone));
end $$
;
