/**
 * How fast product events are taken in, durable when they are answered, and how fast the same server takes the same rows without a program
 * before it: as many in a statement as a group has, into a table with a key and no other index.
 */
import { PgTypes } from "@effect/sql-pg"
import { Effect, Result } from "effect"
import { randomUUID } from "node:crypto"
import { Pool } from "undici"
import { asAdministrator } from "./administrator.ts"
import type { Figure } from "./Figures.ts"
import type { Subject } from "./Subject.ts"
import { now } from "./Target.ts"

const properties = { orderId: "4711", total: 19.9, currency: "EUR", items: ["B-17", "B-18"], source: "web" }
export const batchSize = 50
const groupSize = 1_000

const batchOf = () =>
  JSON.stringify({
    batch: Array.from({ length: batchSize }, () => ({
      type: "track",
      event: "Order Shipped",
      event_id: randomUUID(),
      userId: "user-7",
      timestamp: "2026-01-31T09:00:00Z",
      properties
    }))
  })

/** Made before the clock starts: the figure is about who takes them. */
const bodies = (events: number): ReadonlyArray<string> => Array.from({ length: events / batchSize }, batchOf)

export const keyOf = async ({ address, token }: Subject): Promise<string> => {
  const answer = await fetch(`${address}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "bench", scopes: ["ops:events.write"] })
  })
  return ((await answer.json()) as { readonly key: string }).key
}

/** Events a second with so many batches under way. */
export const taken = async (pool: Pool, key: string, events: number, clients: number): Promise<number> => {
  const waiting = [...bodies(events)]
  const headers = { "x-api-key": key, "content-type": "application/json" }
  let stored = 0
  const client = async () => {
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
      const answer = await pool.request({ path: "/v1/events/batch", method: "POST", headers, body })
      stored += ((await answer.body.json()) as { readonly stored: number }).stored
    }
  }
  const from = now()
  await Promise.all(Array.from({ length: clients }, client))
  const rate = events / ((now() - from) / 1_000)
  if (stored !== events) throw new Error(`${stored} of ${events} events were stored`)
  return rate
}

const bareStatement = `insert into public.bare_events
  select '00000000-0000-4000-8000-000000000001', current_date, 0, i::uuid, i, 'track', 'Order Shipped', 'user-7', null, 0, '1', 'default', null, '0', d::json, true
  from unnest($1, $2) as e(i, d)`

const bare = (subject: Subject, events: number): Promise<number> =>
  asAdministrator(subject, (sql) =>
    Effect.gen(function* () {
      yield* sql.unsafe("drop table if exists public.bare_events")
      yield* sql.unsafe("create table public.bare_events (like dueline.product_events, primary key (id))")
      const groups = Array.from({ length: events / groupSize }, () => [
        Result.getOrThrow(
          PgTypes.array(
            Array.from({ length: groupSize }, () => randomUUID()),
            PgTypes.OID.text
          )
        ),
        Result.getOrThrow(
          PgTypes.array(
            Array.from({ length: groupSize }, () => JSON.stringify({ properties })),
            PgTypes.OID.text
          )
        )
      ])
      const from = now()
      yield* Effect.forEach(groups, (group) => sql.unsafe(bareStatement, group), { discard: true })
      return events / ((now() - from) / 1_000)
    })
  )

/** As `days` of events were there before: each day is asked for an event id that is new. */
const fillDays = (subject: Subject, days: number, each: number) =>
  asAdministrator(subject, (sql) =>
    Effect.forEach(
      Array.from({ length: days }, (_, n) => n + 2),
      (ago) =>
        Effect.gen(function* () {
          const name = `dueline.product_events_old_${ago}`
          yield* sql.unsafe(
            `do $$ begin execute format('create table ${name} partition of dueline.product_events for values from (%L) to (%L)',
              (now() at time zone 'UTC')::date - ${ago}, (now() at time zone 'UTC')::date - ${ago - 1}); end $$`
          )
          yield* sql.unsafe(`insert into dueline.product_events (tenant_id, day, received_at, id, event_id, type, occurred_at, schema_version,
              workspace, correlation_id, document)
            select t.tenant_id, (now() at time zone 'UTC')::date - ${ago}, i, gen_random_uuid(), gen_random_uuid()::text, 'track', 0, '1',
              'default', '0', '{}' from generate_series(1, ${each}) i, dueline.tenants t where t.name = 'demo'`)
        }),
      { discard: true }
    )
  )

export const productEvents = async (subject: Subject, events: number): Promise<ReadonlyArray<Figure>> => {
  const key = await keyOf(subject)
  const clients = 16
  const pool = new Pool(subject.address, { connections: clients, pipelining: 1 })
  await taken(pool, key, 20_000, clients)
  const before = await bare(subject, events)
  const began = subject.cpuMicros()
  const rate = await taken(pool, key, events, clients)
  const ended = subject.cpuMicros()
  const after = await bare(subject, events)
  await fillDays(subject, 28, 20_000)
  const aged = await taken(pool, key, events, clients)
  await pool.destroy()
  const bareRate = (before + after) / 2
  return [
    { name: `product events in batches of ${batchSize}`, unit: "events/s", aim: "≥ 20,000", runs: [rate] },
    {
      name: "their time of the program's processor",
      unit: "µs each",
      runs: [(ended.program - began.program) / events]
    },
    {
      name: "their time of the database's processor",
      unit: "µs each",
      runs: [(ended.database - began.database) / events]
    },
    { name: "the same, 28 days of 20,000 events before", unit: "events/s", runs: [aged] },
    { name: `bare inserts of such rows, ${groupSize} a statement, one connection`, unit: "rows/s", runs: [bareRate] },
    { name: "product events, share of bare inserts", unit: "×", runs: [rate / bareRate] }
  ]
}
