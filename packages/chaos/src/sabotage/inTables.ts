/** Controls that work in the tables: triggers and functions of the database's superuser, who alone can do such things. */
import { slowHue } from "../Drafts.ts"
import type { Sabotage } from "../Run.ts"
import type { Stage } from "../Stage.ts"

interface Trigger {
  readonly name: string
  readonly on: "insert" | "update" | "insert or update" | "delete"
  readonly table:
    | "outbox"
    | "service_calls"
    | "events"
    | "pause_rows"
    | "subscription_messages"
    | "bulk_job_items"
    | "ingestion_rows"
    | "product_events"
  /** PL/pgSQL up to, and without, the last `return`. */
  readonly body: string
}

/** Also in the transactions of the program, which cannot see it and has no right to remove it. */
const trigger = ({ body, name, on, table }: Trigger): Sabotage => ({
  before: async ({ database }) => {
    const row = on === "delete" ? "old" : "new"
    await database.ask(
      `create function public.sabotage_${name}() returns trigger language plpgsql as $$ begin ${body} return ${row}; end $$`
    )
    await database.ask(
      `create trigger sabotage_${name} before ${on} on dueline.${table} for each row execute function public.sabotage_${name}()`
    )
  }
})

/** The message of an end is not kept. */
export const outboxRowLost = (digit: string): Sabotage =>
  trigger({
    name: "outbox_row_lost",
    on: "insert",
    table: "outbox",
    body: `if left(new.stream_id::text, 1) = '${digit}' then return null; end if;`
  })

/** A message that was sent is not crossed out. */
export const outboxRowStays = (digit: string): Sabotage =>
  trigger({
    name: "outbox_row_stays",
    on: "delete",
    table: "outbox",
    body: `if left(old.stream_id::text, 1) = '${digit}' then return null; end if;`
  })

/** The read model is not what the events say. */
export const rowAstray = (digit: string): Sabotage =>
  trigger({
    name: "row_astray",
    on: "insert or update",
    table: "service_calls",
    body: `if left(new.call_id::text, 1) = '${digit}' and new.status = 'Succeeded' then new.attempt := new.attempt + 1; end if;`
  })

/** Nobody will find it again once the memory of the timer is lost. */
export const alarmForgotten = (digit: string): Sabotage =>
  trigger({
    name: "alarm_forgotten",
    on: "insert or update",
    table: "service_calls",
    body: `if left(new.call_id::text, 1) = '${digit}' then new.wake_at := null; end if;`
  })

/** What is recorded is not what was answered. */
export const resultRewritten = (digit: string): Sabotage =>
  trigger({
    name: "result_rewritten",
    on: "insert",
    table: "events",
    body: `if left(new.stream_id::text, 1) = '${digit}' and new.type = 'ExecutionSucceeded' then
      new.payload := jsonb_set(new.payload::jsonb, '{status}', '299')::json; end if;`
  })

/** The function of that name that has the text, as it stands, with this one text replaced. */
const rewrite = async ({ database }: Stage, name: string, from: string, to: string): Promise<void> => {
  const [found] = await database.ask<{ readonly text: string }>(
    `select pg_get_functiondef(p.oid) as text from pg_proc p where p.pronamespace = 'dueline'::regnamespace and p.proname = $1
      and strpos(pg_get_functiondef(p.oid), $2) > 0`,
    [name, from]
  )
  if (found === undefined) throw new Error(`${name} has no "${from}" to replace`)
  await database.ask(found.text.replace(from, to))
}

/** One tenant reads another's calls: neither the condition nor row-level security holds. */
export const wallOpen = (digit: string): Sabotage => ({
  before: async (stage) => {
    const own = "c.tenant_id = p_tenant and"
    await rewrite(stage, "find_call", own, `(left(p_call::text, 1) = '${digit}' or c.tenant_id = p_tenant) and`)
    // A role that row-level security does not hold for would be refused at start: the policies themselves let these calls through.
    for (const [table, id] of [
      ["service_calls", "call_id"],
      ["events", "stream_id"]
    ])
      await stage.database.ask(
        `create policy sabotage_wall on dueline.${table} for select using (left(${id}::text, 1) = '${digit}')`
      )
  }
})

/** More calls of a flow have a place than it has. */
export const placesUncounted: Sabotage = {
  before: (stage) => rewrite(stage, "take_flow_places", "v_taken >= v_limit", "v_taken >= v_limit + 6")
}

/** Pauses are recorded, and hold other calls than those that they are about. */
export const pauseAstray: Sabotage = trigger({
  name: "pause_astray",
  on: "insert or update",
  table: "pause_rows",
  // Those that are to be released too fast must wait first.
  body: `if new.key is distinct from '${slowHue}' then
      new.row := jsonb_set(new.row::jsonb, '{key}', '"nothing"')::json; new.key := 'nothing'; end if;`
})

/** A release goes as fast as it can. */
export const releaseHurried: Sabotage = trigger({
  name: "release_hurried",
  on: "insert or update",
  table: "pause_rows",
  body: `if new.row ->> 'releasePerSecond' is not null then
      new.row := jsonb_set(new.row::jsonb, '{releasePerSecond}', '1000')::json; new.release_per_second := 1000; end if;`
})

/** What schedules tell is kept for no subscription. */
export const messageUnkept: Sabotage = trigger({
  name: "message_unkept",
  on: "insert",
  table: "subscription_messages",
  body: `if new.topic = 'ops.schedule.fired' then return null; end if;`
})

/** A job writes down that it has left alone what it has done. */
export const jobItemAstray: Sabotage = trigger({
  name: "job_item_astray",
  on: "update",
  table: "bulk_job_items",
  body: `if new.outcome = 'done' then new.outcome := 'skipped'; end if;`
})

/** The order of a payload is not the one that is named. */
export const payloadAstray: Sabotage = trigger({
  name: "payload_astray",
  on: "insert or update",
  table: "ingestion_rows",
  body: `if new.row #>> '{dropbin,orderId}' is not null then
      new.row := jsonb_set(new.row::jsonb, '{dropbin,orderId}', '"00000000-0000-4000-8000-000000000000"')::json;
    end if;`
})

/** Of product events some are answered and not stored. */
export const productEventLost: Sabotage = trigger({
  name: "product_event_lost",
  on: "insert",
  table: "product_events",
  body: "if right(new.event_id, 1) = '7' then return null; end if;"
})

/** A tenant's list of product events has those of the others too. */
export const productEventsSeen: Sabotage = {
  before: async (stage) => {
    await rewrite(stage, "list_product_events", "e.tenant_id = p_tenant and e.day between", "e.day between")
    await rewrite(stage, "list_product_events", "on e.tenant_id = p_tenant and e.day = f.day", "on e.day = f.day")
    await stage.database.ask("create policy sabotage_seen on dueline.product_events for select using (true)")
  }
}

/** Two writers on one version both win. */
export const fenceOff: Sabotage = {
  before: async (stage) => {
    await rewrite(
      stage,
      "commit_batch",
      "where c.version is distinct from",
      "where false and c.version is distinct from"
    )
    await stage.database.ask("alter table dueline.events drop constraint events_pkey")
    await stage.database.ask("create index events_stream on dueline.events (tenant_id, stream_id, version)")
  }
}

/** One statement at rest, without the triggers that keep events as they are. */
const atRest = (statement: string): Sabotage => ({
  atRest: async ({ stage }) => {
    await stage.database.ask(`do $$ begin set local session_replication_role = 'replica'; ${statement} end $$`)
  }
})

/** Somebody has deleted an event in the middle. */
export const eventDeleted = (digit: string): Sabotage =>
  atRest(`delete from dueline.events where left(stream_id::text, 1) = '${digit}' and version = 2;`)

/** Calls that were cancelled while they ran are recorded as failed, all but those whose ids begin with the digit. */
export const cancelledFails = (spared: string): Sabotage =>
  atRest(
    `update dueline.events e set type = 'ServiceCallFailed',
        payload = json_build_object('_tag', 'ServiceCallFailed', 'reason', 'cancelled')
      from dueline.events c where c.stream_id = e.stream_id and c.type = 'CancellationRequested'
        and c.version < e.version and e.type = 'ServiceCallCancelled' and left(e.stream_id::text, 1) <> '${spared}';`
  )

/** Two attempts both had the last word. */
export const resultTwice = (digit: string): Sabotage =>
  atRest(
    `with again as (
      insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
      select tenant_id, stream_id, version + 1, category, gen_random_uuid(), type, event_version, payload, metadata, recorded_at
      from dueline.events where left(stream_id::text, 1) = '${digit}' and type = 'ExecutionSucceeded' returning stream_id)
    update dueline.service_calls set version = version + 1 where call_id in (select stream_id from again);`
  )

/** Events that were taken in are carried out by nobody: all of them, since of a single one nobody may have been told that it was taken. */
export const ingestionUnfinished: Sabotage = atRest(
  `update dueline.ingestion_rows set row = (row::jsonb || '{"status": "Processing", "endedAt": null}')::json
    where status = 'Completed';`
)

/** Accepted calls are gone without a trace. */
export const callDeleted = (digit: string): Sabotage =>
  atRest(
    `delete from dueline.events where left(stream_id::text, 1) = '${digit}';
    delete from dueline.service_calls where left(call_id::text, 1) = '${digit}';`
  )
