/** What is delivered to subscriptions, in its tables, as a worker. */
import type { TenantId } from "@dueline/contracts/Ids"
import {
  type CalledDelivery,
  Deliveries,
  type DeliveryOutcome,
  DeliveryQueries,
  type KeptMessage,
  type ReadyDelivery,
  type Waiting,
  waitingLimit
} from "@dueline/contracts/ports/Deliveries"
import type { SubscriptionId, SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

const states: Readonly<Record<DeliveryOutcome, number>> = { delivered: 3, failed: 4, dropped: 5, again: 1 }

const nobody = "00000000-0000-0000-0000-000000000000"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A trace that travels with a message is no part of it. */
const bare = <M extends KeptMessage>(message: M): M => {
  if (!isRecord(message.payload) || !("$traceparent" in message.payload)) return message
  const { $traceparent: _trace, ...payload } = message.payload
  return { ...message, payload }
}

interface Looked {
  readonly ready: ReadonlyArray<ReadyDelivery>
  readonly called: ReadonlyArray<CalledDelivery>
}

const make = (sql: SqlClient): Deliveries["Service"] => {
  const rows = <A>(statement: string, values: ReadonlyArray<unknown>, what: string) =>
    sql.unsafe<{ readonly found: A }>(statement, values).pipe(
      Effect.map((found) => found.map((row) => row.found)),
      asking(what)
    )
  const messages = (statement: string, values: ReadonlyArray<unknown>, what: string) =>
    Effect.map(rows<KeptMessage>(statement, values, what), (found) => found.map(bare))
  const run = (statement: string, values: ReadonlyArray<unknown>, what: string) =>
    Effect.asVoid(rows<unknown>(statement, values, what))
  const count = (statement: string, values: ReadonlyArray<unknown>, what: string) =>
    Effect.map(rows<number>(statement, values, what), ([found]) => found ?? 0)
  return {
    unsorted: (limit) =>
      messages("select dueline.unsorted_messages($1::int4) as found", [limit], "read which messages are to be sorted"),
    sort: (sorted) =>
      run(
        "select dueline.sort_messages($1::text::json) as found",
        [JSON.stringify(sorted.map(({ seq, tenantId, to }) => ({ t: tenantId, q: seq, u: to })))],
        "sort messages"
      ),
    kept: ({ after, from, limit, tenantId, to }) =>
      messages(
        "select dueline.kept_messages($1::uuid, $2::float8::bigint, $3::float8::bigint, $4::float8::bigint, $5::int4) as found",
        [tenantId, from, to, after ?? 0, limit],
        "read kept messages"
      ),
    repeat: ({ redelivery, seqs, subscriptionId, tenantId }) =>
      run(
        "select dueline.repeat_deliveries($1::uuid, $2::uuid, $3::int4, (select coalesce(array_agg(q::bigint), '{}') from json_array_elements_text($4::text::json) q)) as found",
        [tenantId, subscriptionId, redelivery, JSON.stringify(seqs)],
        "put messages in line"
      ),
    open: ({ after, limit }) =>
      rows<SubscriptionRow>(
        "select dueline.open_subscriptions($1::uuid, $2::uuid, $3::int4) as found",
        [after?.tenantId ?? nobody, after?.subscriptionId ?? nobody, limit],
        "look for subscriptions"
      ),
    redelivering: (limit) =>
      rows<SubscriptionRow>(
        "select dueline.redelivering_subscriptions($1::int4) as found",
        [limit],
        "look for redeliveries"
      ),
    look: ({ limit, subscriptionId, tenantId }) =>
      Effect.map(
        rows<Looked>(
          "select dueline.look_at_deliveries($1::uuid, $2::uuid, $3::int4) as found",
          [tenantId, subscriptionId, limit],
          "look at deliveries"
        ),
        ([found]): Looked =>
          found === undefined ? { ready: [], called: [] } : { ready: found.ready.map(bare), called: found.called }
      ),
    call: ({ at, callId, place, tenantId }) =>
      run(
        "select dueline.call_delivery($1::uuid, $2::float8::bigint, $3::uuid, $4::float8::bigint) as found",
        [tenantId, place, callId, at],
        "note a delivery's call"
      ),
    settle: ({ ended, tenantId }) =>
      ended.length === 0
        ? Effect.void
        : run(
            "select dueline.settle_deliveries($1::uuid, $2::text::json) as found",
            [tenantId, JSON.stringify(ended.map(({ outcome, place }) => ({ p: place, s: states[outcome] })))],
            "settle deliveries"
          ),
    drop: ({
      limit,
      subscriptionId,
      tenantId
    }: {
      tenantId: TenantId
      subscriptionId: SubscriptionId
      limit: number
    }) =>
      count(
        "select dueline.drop_deliveries($1::uuid, $2::uuid, $3::int4) as found",
        [tenantId, subscriptionId, limit],
        "drop deliveries"
      ),
    forget: ({ before, limit }) =>
      count("select dueline.forget_messages($1::float8::bigint, $2::int4) as found", [before, limit], "forget messages")
  }
}

export const layer: Layer.Layer<Deliveries, never, Database> = Layer.effect(
  Deliveries,
  Effect.map(Database, ({ worker }) => Deliveries.of(make(worker)))
)

const makeQueries = (sql: SqlClient): DeliveryQueries["Service"] => ({
  kept: ({ after, from, limit, tenantId, to }) =>
    sql
      .unsafe<{ readonly found: ReadonlyArray<KeptMessage> }>(
        "select dueline.list_kept_messages($1::uuid, $2::float8::bigint, $3::float8::bigint, $4::float8::bigint, $5::int4) as found",
        [tenantId, from, to, after ?? 0, limit]
      )
      .pipe(
        Effect.map(([row]) => (row?.found ?? []).map(bare)),
        reading("list kept messages")
      ),
  waiting: ({ subscriptionId, tenantId }) =>
    sql
      .unsafe<{ readonly found: Waiting }>("select dueline.waiting_deliveries($1::uuid, $2::uuid, $3::int4) as found", [
        tenantId,
        subscriptionId,
        waitingLimit
      ])
      .pipe(
        Effect.map(([row]) => row?.found ?? { count: 0, oldestAt: null }),
        reading("count what waits for a subscription")
      )
})

export const layerQueries: Layer.Layer<DeliveryQueries, never, Database> = Layer.effect(
  DeliveryQueries,
  Effect.map(Database, ({ edge }) => DeliveryQueries.of(makeQueries(edge)))
)
