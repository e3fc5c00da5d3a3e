/**
 * Payloads in hand: those that wait for their turn, are looked at, or wait for their time. Tenants and the hosts of each take turns, and none
 * of them gets all places or all room, so that a host that hangs holds up neither another tenant nor what its own tenant has elsewhere.
 */
import { type Backoff, backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { TenantId } from "@dueline/contracts/Ids"
import type { DueIngestion } from "@dueline/contracts/ports/DueWork"
import { TenantLines } from "@dueline/contracts/TenantShares"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Effect, FiberSet } from "effect"
import type { CarryOut } from "./carryOut.ts"

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
