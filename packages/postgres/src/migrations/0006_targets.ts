/** What the workers are told of a call's URL: the host and port that limits and circuit breakers go by, and nothing that may be secret. */
import type { Migration } from "./Migration.ts"
import { belongsToAppend, stablePlan } from "./stablePlan.ts"

/** Says what `targetOf` of the contracts says. Letters beyond ASCII are lowered as the database's collation has it. */
const targetOf = `create function dueline.target_of(p_url text) returns text language sql immutable parallel safe
return coalesce(lower(substring(p_url from '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)')), '')`

/** The workers have no right to read a URL. */
const upcoming = `create function dueline.upcoming(p_before bigint, p_due bigint, p_call uuid, p_limit integer) returns setof json
language plpgsql stable security definer ${stablePlan} as $$
begin
  return query
    select json_build_object('tenantId', c.tenant_id, 'callId', c.call_id, 'revision', c.revision, 'dueAt', c.due_at,
      'target', dueline.target_of(c.url))
    from dueline.service_calls c
    where c.wake_at is not null and c.wake_at <= p_before and (c.wake_at, c.call_id) > (p_due, p_call) and c.status = 'Scheduled'
    order by c.wake_at, c.call_id limit p_limit;
end $$`

export const targets: Migration = {
  id: 6,
  name: "targets",
  statements: [
    targetOf,
    ...belongsToAppend("target_of(text)", "dueline_append"),
    upcoming,
    ...belongsToAppend("upcoming(bigint, bigint, uuid, integer)", "dueline_worker")
  ]
}
