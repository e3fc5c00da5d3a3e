/**
 * Answers repeats under an idempotency key from a cache that edges share, without asking the writer: a client that lost the first answer is
 * answered also while the writer or its way is slow.
 *
 * What is remembered is the outcome that the receipt has too, so the answer is made of it by the same code. It is remembered only when it was
 * new, for far less than a receipt is kept, and believed only during the run of the database server in which it was stored: a server that was
 * restored or replaced may know less. Whatever does not match is for the store to judge.
 */
import { makeEntries } from "@dueline/contracts/cache/entries"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import { CacheStore, StoreRun } from "@dueline/contracts/ports/CacheStore"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import { type AnyAnswer, type AnySettle, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { categoryOf, type Command, kinds } from "@dueline/contracts/kinds"
import type { TenantTopic } from "@dueline/contracts/tenant/Tenant"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect, Exit, Result, Schema } from "effect"

/** How long a repeat is answered from the cache, in milliseconds; later ones are the store's. */
const rememberedMs = 10 * 60_000
/** How often it is asked which run this is, and how long an answer counts. */
const lookEvery = "5 seconds"
const runGoodForMs = 10_000

const Remembered = Schema.Struct({
  run: Schema.String,
  command: Schema.String,
  fingerprint: Schema.String,
  version: Schema.Int,
  outcome: Schema.Unknown
})

const outcomeSchema = (command: Command): Schema.Codec<AnyAnswer["outcome"], unknown> =>
  kinds[categoryOf(command)].outcome as Schema.Codec<AnyAnswer["outcome"], unknown>

/** Of a tenant that is deleted nothing is kept in the cache: at the beginning, and once nothing comes any more. */
const deletion: ReadonlyArray<TenantTopic> = ["ops.tenant.deleting", "ops.tenant.deleted"]

const forgetDeleted = Effect.gen(function* () {
  const store = yield* CacheStore
  const bus = yield* EventBus
  yield* listen(bus, `replays-${yield* randomCorrelationId}`, deletion, ({ tenantId }) =>
    Effect.catch(store.removeAll(`ops:${tenantId}:`), ({ detail }) =>
      Effect.logDebug("what is cached of a deleted tenant goes by itself within ten minutes", { tenantId, detail })
    )
  )
})

export const replaying = Effect.fnUntraced(function* (inner: Orchestrator["Service"]) {
  const entries = yield* makeEntries({ nameOf: (name) => name, value: Remembered, ttlMs: () => rememberedMs })
  const runs = yield* StoreRun
  yield* forgetDeleted
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const nameOf = (tenantId: TenantId, key: string) => `ops:${tenantId}:idem:${key}`

  let known = { run: "", until: Number.NEGATIVE_INFINITY }
  const look = Effect.suspend(() => {
    const asked = elapsed()
    return Effect.map(runs.current, (run) => void (known = { run, until: asked + runGoodForMs }))
  }).pipe(Effect.ignore)
  yield* look
  yield* look.pipe(Effect.delay(lookEvery), Effect.forever, Effect.forkScoped)
  /** Null while nobody can say. */
  const runNow = (): string | null => (elapsed() < known.until ? known.run : null)

  const remembered = Effect.fnUntraced(function* ({ command, idempotency, tenantId }: Envelope<Command>) {
    if (idempotency === null) return null
    const entry = yield* entries.read(nameOf(tenantId, idempotency.key))
    if (entry === null) return null
    const { value } = entry
    const { fingerprint, outcome, run, version } = value
    if (run !== runNow() || value.command !== command._tag || fingerprint !== idempotency.fingerprint) return null
    const read = Schema.decodeUnknownResult(outcomeSchema(command))(outcome)
    return Result.isFailure(read) ? null : ({ version, replayed: true, outcome: read.success } satisfies AnyAnswer)
  })

  const remember = Effect.fnUntraced(
    function* ({ command, idempotency, tenantId }: Envelope<Command>, { outcome, version }: AnyAnswer, run: string) {
      if (idempotency === null) return
      const { fingerprint, key } = idempotency
      yield* entries.write(nameOf(tenantId, key), {
        run,
        command: command._tag,
        fingerprint,
        version,
        outcome: yield* Schema.encodeEffect(outcomeSchema(command))(outcome)
      })
    },
    (effect) => Effect.ignoreCause(effect)
  )

  const ask = (envelope: Envelope<Command>, settle: AnySettle) => {
    const run = runNow()
    inner.offer(envelope, ((exit: Parameters<AnySettle>[0]) => {
      settle(exit)
      // Of the run before it was asked: one that began meanwhile may not have it.
      if (run !== null && Exit.isSuccess(exit) && !exit.value.replayed) fork(remember(envelope, exit.value, run))
    }) as never)
  }
  return Orchestrator.offering((envelope, settle) => {
    if (envelope.idempotency === null || runNow() === null) return ask(envelope, settle)
    fork(Effect.catchCause(remembered(envelope), () => Effect.succeed(null))).addObserver((exit) => {
      if (Exit.isSuccess(exit) && exit.value !== null) settle(Exit.succeed(exit.value))
      else ask(envelope, settle)
    })
  })
})
