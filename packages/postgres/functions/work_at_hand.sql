-- Which of what one process at a time does has something to do: one question where each would ask its own. An entry of a partial index each.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.work_at_hand(p_before bigint) returns text[]
language plpgsql stable security definer {{stable plan}} as $$
begin
  return array_remove(array[
    case when exists (select from dueline.schedule_rows r where r.wake_at is not null and r.wake_at <= p_before) then 'schedules' end,
    case when exists (select from dueline.bulk_job_rows r where r.status in ('Running', 'Aborting')) then 'jobs' end,
    case when exists (select from dueline.subscription_messages m where not m.sorted)
      or exists (select from dueline.deliveries d where d.state in (1, 2))
      or exists (select from dueline.subscription_rows s where s.redelivering) then 'deliveries' end
  ], null);
end $$
;
