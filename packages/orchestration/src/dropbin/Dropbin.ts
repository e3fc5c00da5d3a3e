/**
 * * Payloads that came in become orders: a process manager that hears of each by its message, and finds those that nobody looked at in time in the
 * store, such as what a process that died had in hand. * A message is acknowledged once its ingestion is in memory, and it may be lost from there:
 * a payload whose host is slow or away holds up no other message. What is due stands in the store. * Payloads in hand: those that wait for their
 * turn, are looked at, or wait for their time. Tenants and the hosts of each take turns, and none of them gets all places or all room, so that a
 * host that hangs holds up neither another tenant nor what its own tenant has elsewhere.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantLines } from "@dueline/contracts/TenantShares"
import { type Backoff, backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import { type DueIngestion, DueIngestions } from "@dueline/contracts/ports/DueWork"
import { ack, consuming, type Delivery, EventBus } from "@dueline/contracts/ports/EventBus"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Clock, Effect, FiberSet, Layer, Option, Schema } from "effect"
import { byOne, type Shared } from "../dispatcher/whileLeading.ts"
import { type CarryOut, type DropbinParts, type FetchPolicy, makeCarryOut } from "./carryOut.ts"

export interface DropbinOptions {
  readonly policy?: FetchPolicy
  /** Looked at at once; of one tenant a quarter of them, half of those of one host. Default 32. */
  readonly places?: number
  /** Milliseconds between two looks into the store. Default 5 s. */
  readonly everyMs?: number
  /** Where several processes do this: one at a time looks into the store, and leaves alone what another may have in hand. */
  readonly shared?: Shared
}

/** Found in the store at once, and of one tenant. */
const pageLimit = 2_048
const pageEach = 512
/** A look takes less: the fetch has its time-out, and the store its own. What is overdue by more was left by a process that is gone. */
const inHandMs = 60_000
const leaseMs = 15_000

export const make = Effect.fnUntraced(function* (parts: DropbinParts, options: DropbinOptions = {}) {
  const { everyMs = 5_000, places = 32, policy, shared = null } = options
  const due = yield* DueIngestions
  const bus = yield* EventBus
  const desk = yield* makePayloadDesk(yield* makeCarryOut(parts, policy), places)
  const { payloadsInHand } = yield* Metrics
  payloadsInHand.read = desk.size

  const sweep = Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - (shared === null ? 0 : inHandMs)
    const found = yield* due.due({ before, each: pageEach, limit: pageLimit })
    for (const one of found) desk.take(one)
  }).pipe(orLogged("warning", "payloads that are due could not be read; it is tried again"))

  const handler = ({ payload, streamId, tenantId }: Delivery) =>
    Effect.map(CurrentTrace, (trace) => {
      const target = targetIn(payload)
      if (target !== null) desk.take({ tenantId, ingestionId: streamId as string as IngestionId, target }, trace)
      return ack
    })
  yield* consuming(bus, { group: "dropbin", topics: ["ops.ingestion.received"] }, handler)
  yield* consuming(bus, { group: "dropbin", topics: ["ops.ingestion.replayed"] }, handler)
  const leadership = { name: "dropbin", ttlMs: Math.max(leaseMs, 3 * everyMs), extendMs: everyMs, retryMs: everyMs }
  yield* Effect.forkScoped(
    byOne(shared, leadership, () => Effect.forever(Effect.andThen(sweep, Effect.sleep(everyMs))))
  )
  return desk
})

const decodeMessage = Schema.decodeUnknownOption(
  Schema.Struct({
    ingestion: Schema.Struct({
      dropbin: Schema.Struct({ reference: Schema.NullOr(Schema.Struct({ uri: Schema.String })) })
    })
  })
)

/** Of a message about a payload. Null for couriers' events, which have the same topic and a process manager of their own. */
const targetIn = (message: unknown): string | null =>
  Option.match(decodeMessage(message), {
    onNone: () => null,
    onSome: ({ ingestion }) => targetOf(ingestion.dropbin.reference?.uri ?? "")
  })

/** Works until the scope closes. */
export const layer = (parts: DropbinParts, options?: DropbinOptions) => Layer.effectDiscard(make(parts, options))

/** Of all tenants together; of one as many as there is room left, so that alone it has half. */
const roomFor = 4_096

/** How long a payload waits for a store that cannot be asked. */
const storeBackoff: Backoff = defaultBackoff

interface InHand extends DueIngestion {
  /** What it was heard of in. */
  readonly trace: string | null
  /** Looks in a row at which the store could not be asked. */
  readonly notNow: number
}

const aboutOf = ({ ingestionId, tenantId }: InHand) => ({ tenantId, ingestionId })

/** A tenant and the host of its payloads; those that came with their requests are a line too. */
type Line = string
const lineOf = ({ target, tenantId }: DueIngestion): Line => `${tenantId} ${target}`
const tenantOf = (line: Line): TenantId => line.slice(0, line.indexOf(" ")) as TenantId

/** Counts by name, without those at nothing. */
class Counts {
  readonly #counts = new Map<string, number>()

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(name: string, n: 1 | -1): void {
    const count = this.of(name) + n
    if (count === 0) this.#counts.delete(name)
    else this.#counts.set(name, count)
  }
}

/** `places`: looked at at once; of one tenant a quarter of them, and half of those for one host. */
export const makePayloadDesk = Effect.fnUntraced(function* (carryOut: CarryOut, places: number) {
  const run = yield* FiberSet.makeRuntime<never>()
  const lines = new TenantLines<InHand, Line>(roomFor)
  const known = new Set<string>()
  const held = new Counts()
  const active = new Counts()
  const ofTenant = Math.max(1, Math.floor(places / 4))
  const ofLine = Math.max(1, Math.floor(ofTenant / 2))
  let busy = 0

  const forget = (one: InHand): void => {
    if (known.delete(one.ingestionId)) held.add(one.tenantId, -1)
  }

  /** Without room it is left to the store. */
  const wait = (one: InHand): void => {
    if (lines.push(lineOf(one), one)) next()
    else forget(one)
  }

  const waitLater = (one: InHand, ms: number): void =>
    void run(
      Effect.andThen(
        Effect.sleep(ms),
        Effect.sync(() => wait(one))
      )
    )

  const occupy = (one: InHand, n: 1 | -1): void => {
    busy += n
    active.add(one.tenantId, n)
    active.add(lineOf(one), n)
  }

  const look = (one: InHand): Effect.Effect<void> =>
    Effect.provideService(carryOut(one.tenantId, one.ingestionId), CurrentTrace, one.trace).pipe(
      Effect.map(({ afterMs }) => {
        if (afterMs === null) forget(one)
        else waitLater({ ...one, notNow: 0 }, afterMs)
      }),
      Effect.catch(({ reason }) =>
        Effect.gen(function* () {
          yield* Effect.logWarning("a payload has to wait; it is looked at again", { ...aboutOf(one), reason })
          const notNow = one.notNow + 1
          waitLater({ ...one, notNow }, yield* backoff(storeBackoff, notNow))
        })
      ),
      Effect.catchCause((cause) => {
        forget(one)
        return Cause.hasInterrupts(cause)
          ? Effect.interrupt
          : Effect.logError("a payload could not be looked at; it is tried again", aboutOf(one), cause)
      }),
      Effect.ensuring(
        Effect.sync(() => {
          occupy(one, -1)
          next()
        })
      )
    )

  const mayGo = (line: Line): boolean => active.of(line) < ofLine && active.of(tenantOf(line)) < ofTenant

  /** Whose turn it is, if there is a place. */
  const turn = (): InHand | undefined => (busy < places ? lines.shift(mayGo) : undefined)

  const next = (): void => {
    for (let one = turn(); one !== undefined; one = turn()) {
      occupy(one, 1)
      run(look(one))
    }
  }

  return {
    /** Takes it in hand, unless it is there already or there is no room: then it stays in the store, and is found there again. */
    take: (due: DueIngestion, trace: string | null = null): void => {
      const { ingestionId, tenantId } = due
      if (known.has(ingestionId) || held.of(tenantId) >= roomFor - known.size) return
      known.add(ingestionId)
      held.add(tenantId, 1)
      wait({ ...due, trace, notNow: 0 })
    },
    size: (): number => known.size
  }
})
