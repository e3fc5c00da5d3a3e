-- Loads what a batch needs: from snapshots where they can be read, and only the events after them.
--
-- One row per request, in the order asked, with the rights of the caller. f is the form of snapshots that the caller can
-- read. A receipt without a type of command is that of the submission that a call began with: it answers what the first event says, as `respond` of the
-- aggregate did then. What is sealed stands with a service call, or apart, as a customer's personal data; only who is no call is looked for there.
-- Each limit keeps the planner from any other way than by the ids.
--
-- callers: dueline_writer
create or replace function dueline.load_batch(p_requests json)
returns table (version integer, snapshot json, events json, sealed text, receipt json) language plpgsql stable {{stable plan}} as $$
begin
  return query select
    coalesce((
      select e.version from dueline.events e where e.tenant_id = q.t and e.stream_id = q.s order by e.version desc limit 1
    ), 0),
    case when s.version is not null then json_build_object('version', s.version, 'form', s.form, 'state', s.state) end,
    case when q.e then (
      select json_agg(json_build_object(
        'eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
        'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version
      ) order by e.version)
      from dueline.events e where e.tenant_id = q.t and e.stream_id = q.s and e.version > coalesce(s.version, 0)
    ) end,
    case when c.call_id is not null then c.sealed else (
      select d.data_key || '.' || d.profile from dueline.personal_data d where d.tenant_id = q.t and d.customer_id = q.s
    ) end,
    case when q.k is not null then (
      select case when r.command_type <> '' then json_build_object('key', r.key, 'fingerprint', r.fingerprint, 'commandType', r.command_type,
          'streamId', r.stream_id, 'version', r.version, 'answer', r.answer)
        else (
          select json_build_object('key', r.key, 'fingerprint', f.said ->> 'fingerprint', 'commandType', 'SubmitServiceCall',
            'streamId', r.stream_id, 'version', r.version, 'answer', json_build_object('_tag', 'Submitted', 'callId', r.stream_id,
              'status', 'Scheduled', 'dueAt', f.said -> 'dueAt', 'attempt', 0))
          from (select dueline.storable_json(e.payload) as said from dueline.events e
            where e.tenant_id = r.tenant_id and e.stream_id = r.stream_id and e.version = 1) f
        ) end
      from dueline.receipts r where r.tenant_id = q.t and r.key = q.k
    ) end
  from rows from (json_to_recordset(p_requests) as (t uuid, s uuid, k text, e boolean, f integer)) with ordinality as q(t, s, k, e, f, n)
    left join lateral (
      select k.call_id, k.sealed from dueline.service_calls k where k.tenant_id = q.t and k.call_id = q.s limit 1
    ) c on true
    left join lateral (
      select n.version, n.form, n.state from dueline.snapshots n
      where q.e and n.tenant_id = q.t and n.stream_id = q.s and n.form = q.f limit 1
    ) s on true
  order by q.n;
end $$
;
