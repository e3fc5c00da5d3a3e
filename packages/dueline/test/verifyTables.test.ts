/** What `verify` holds each table against, by name, so that a table that is new has to say it too; and damage in those that follow from others. */
import { StreamId, type TenantId } from "@dueline/contracts/Ids"
import { recountCalls, verifyReferences } from "@dueline/postgres/admin/verify"
import { Database } from "@dueline/postgres/Database"
import { rowTables } from "@dueline/postgres/schema/rowTables"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import { probes } from "@dueline/port-contracts/queries/OpsListProbe"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ask, damage, stage } from "./ModelStage.ts"

const folded = "every field against the log, by folding it (verifyModels)"
const sealed = "that it is there when it should be, and opens (verifySealed)"
const own = "holds what stands nowhere else: nothing to hold it against"
const passing = "says what is so for seconds, and is made anew by whoever works"
const audited = "`dueline audit verify`"

const treatment: Readonly<Record<string, string>> = {
  ...Object.fromEntries(rowTables.map(({ table }) => [table, folded])),
  events:
    "versions without a gap, order, metadata, category (verifyLog); whether it was changed: `dueline audit verify`",
  snapshots: "what the events up to their version come to (verifyModels), and that their stream is there",
  personal_data: sealed,
  receipts: "that the event they name is there",
  call_counts: "calls by state, and sums (wrong_call_counts)",
  call_minutes: "the events of the last hour, by minute (wrong_call_counts)",
  call_failures: "that targets sum up to the failures of their minute; names and reasons are cut at a hundred a minute",
  overview_progress: "that it is there",
  deliveries: "lines that go on, their subscriptions, calls and messages (wrong_deliveries)",
  subscription_messages: own,
  dead_letters: "tenants and jobs that are there (wrong_dead_letters)",
  tenants: "nothing: triggers keep it for processes of the release before, and no other reads it",
  outbox: own,
  product_events: own,
  bulk_job_items: own,
  sessions: own,
  session_secrets: own,
  redaction_rules: own,
  retention_rules: own,
  tenant_erasures: own,
  api_key_uses: own,
  installation: own,
  installation_keys: own,
  call_circuits: passing,
  flow_meters: passing,
  flow_places: passing,
  leases: passing,
  probes: passing,
  retention_progress: passing,
  audit_entries: audited,
  audit_tree: audited,
  audit_tiles: audited,
  audit_checkpoints: audited,
  audit_successions: audited,
  migrations: "the next start, which refuses a schema that it does not know",
  repeatables: "the next start, which replaces functions that differ"
}

const found = (tenantId: TenantId) =>
  Effect.map(verifyReferences, (all) =>
    all.filter((one) => one.tenantId === tenantId).map(({ check, detail }) => `${check} ${detail}`)
  )

const counting = Effect.gen(function* () {
  const { worker } = yield* Database
  const [row] = yield* worker<{ readonly events: number | null }>`select dueline.count_calls(5000) as events`
  return row?.events ?? 0
})
const counted = Effect.repeat(counting, { until: (events) => events === 0 })

/** A tenant with a call that was submitted and failed, and a subscription with two deliveries in one line. */
const life = Effect.gen(function* () {
  const of = Sample.target()
  const { callId, tenantId } = of
  yield* damage(`select dueline.provision_tenant('${tenantId}', 'tenant-${tenantId.slice(-12)}', 0)`)
  const { commit } = yield* Persistence
  const event = (type: string) => ({ ...Sample.event({ _tag: type }), type })
  const subscription = probes.subscription.row(tenantId, {})
  yield* commit([
    Sample.commit(of, {
      events: [event("ServiceCallSubmitted"), event("ServiceCallFailed")],
      row: { status: "Failed" }
    }),
    OpsSample.commit(subscription, { events: [Sample.event({ _tag: "Told" })] })
  ])
  const [row] = yield* ask<{ readonly id: string }>(
    `select id::text from dueline.subscription_rows where tenant_id = '${tenantId}'`
  )
  const subscriptionId = row?.id ?? assert.fail("there is no subscription")
  const delivery = (
    state: number
  ) => `insert into dueline.deliveries (tenant_id, subscription_id, seq, stream_id, state)
      select tenant_id, '${subscriptionId}', seq, stream_id, ${state} from dueline.subscription_messages
      where tenant_id = '${tenantId}' order by seq desc limit 1`
  const message = `insert into dueline.subscription_messages (tenant_id, event_id, stream_id, topic, payload, kept_at)
    values ('${tenantId}', gen_random_uuid(), '${callId}', 't', '{}', 0)`
  yield* damage(message, delivery(1), message, delivery(0))
  yield* damage(`insert into dueline.dead_letters (tenant_id, event_id, stream_id, topic, payload, failures, last_error, history, died_at)
    values ('${tenantId}', gen_random_uuid(), '${callId}', 't', '{}', 1, 'x', '[]', 0)`)
  yield* counted
  return { tenantId, callId: StreamId.make(callId) }
})

type Damage = readonly [by: string, says: RegExp]

const kinds: ReadonlyArray<Damage> = [
  [
    "update dueline.call_minutes set submitted = 7",
    /^counts the overview counts 7 calls as submitted in \d{4}-\S+Z, there are 1$/u
  ],
  ["update dueline.call_minutes set attempts_failed = 2", /counts 2 calls as failed attempts in \S+, there are 0$/u],
  ["delete from dueline.call_minutes", /counts 0 calls as (?:failed|submitted) in \S+, there are 1$/u],
  ["update dueline.call_failures set n = 3", /counts 3 calls as failed at their targets in \S+, there are 1$/u],
  ["delete from dueline.call_failures", /counts 0 calls as failed at their targets in \S+, there are 1$/u],
  [
    "update dueline.deliveries set state = 0",
    /^delivery nothing of its line for \S+ goes on: the first delivery, \d+, waits$/u
  ],
  ["update dueline.deliveries set subscription_id = gen_random_uuid()", /a subscription that is not there$/u],
  ["update dueline.deliveries set state = 2", /has a call, and does not say which$/u],
  [
    "update dueline.deliveries set stream_id = gen_random_uuid(), state = 1",
    /stands in the line of \S+, its message is of /u
  ],
  [
    "update dueline.dead_letters set state = 'Replaying', replay_job = gen_random_uuid()",
    /^letter the dead letter is Replaying by a job that is not there$/u
  ],
  [
    "update dueline.dead_letters set state = 'Replayed'",
    /^letter the dead letter was replayed, and does not say when$/u
  ],
  ["delete from dueline.tenant_rows", /^letter there is a dead letter of a tenant who is not there$/u]
]

it.layer(stage, { excludeTestServices: true, timeout: "120 seconds" })("verify", (it) => {
  it.effect("holds each table against something, or it is said why not", () =>
    Effect.gen(function* () {
      const tables = yield* ask<{ readonly name: string }>(`select c.relname as name from pg_class c
        where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`)
      assert.sameMembers(
        tables.map(({ name }) => name),
        Object.keys(treatment)
      )
    })
  )

  it.effect.each(kinds)("finds what follows from something else and says another thing: %s", ([by, says]) =>
    Effect.gen(function* () {
      const { tenantId } = yield* life
      assert.deepStrictEqual(yield* found(tenantId), [])
      yield* damage(`${by} where tenant_id = '${tenantId}'`)
      const told = yield* found(tenantId)
      assert.isTrue(
        told.some((one) => says.test(one)),
        told.join("\n")
      )
    })
  )

  it.effect("what is counted wrongly in a minute is counted anew with the rest", () =>
    Effect.gen(function* () {
      const { tenantId } = yield* life
      yield* damage(`update dueline.call_minutes set submitted = 7 where tenant_id = '${tenantId}'`)
      assert.isTrue(yield* recountCalls)
      yield* counted
      assert.deepStrictEqual(yield* found(tenantId), [])
    })
  )
})
