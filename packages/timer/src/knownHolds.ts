/**
 * What holds calls, as this process knows it: read at the start, again with every message about a pause, and every few seconds in case a
 * message is lost. While the store does not answer, what was known last holds. What this process committed itself it knows at once: no call
 * starts here after somebody was told that it is paused.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import type { PauseCommitted } from "@dueline/contracts/Intent"
import { keepRead } from "@dueline/contracts/keepRead"
import { type PauseId, pauseTopics, releaseLimitMs } from "@dueline/contracts/pause/Pause"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { type PauseInForce, Pauses } from "@dueline/contracts/ports/Directories"
import { Clock, Effect, type Scope } from "effect"
import { type Hold, Holds, noHolds } from "./Holds.ts"

/** Pauses of all tenants that a process knows of. Those beyond that hold nothing, and the log says so. */
const pauseLimit = 50_000

const holdOf = ({ key, of, pauseId, release, tenantId }: PauseInForce): Hold => ({
  id: pauseId,
  tenantId,
  of,
  key,
  release
})

const suspensionOf = (tenantId: TenantId): Hold => ({
  id: `suspended ${tenantId}`,
  tenantId,
  of: "tenant",
  key: null,
  release: null
})

interface KnownHoldsOptions {
  /** Of the listener: a name that no other process has. */
  readonly group: string
  /** Suspended tenants, and deleted ones. The same object while nothing has changed. */
  readonly suspended: () => ReadonlyMap<TenantId, string | null>
}

export interface KnownHolds {
  /** The same object while nothing has changed. */
  readonly holds: () => Holds
  /** Ends when they have been read for the first time: before that nobody can say that a call is not held. */
  readonly known: Effect.Effect<void>
  /** Of a pause that was committed here. Synchronous. */
  readonly committed: (pause: PauseCommitted) => void
}

export const makeKnownHolds = Effect.fnUntraced(function* ({
  group,
  suspended
}: KnownHoldsOptions): Effect.fn.Return<KnownHolds, never, Pauses | EventBus | Scope.Scope> {
  const pauses = yield* Pauses
  const bus = yield* EventBus
  let known: { readonly text: string; readonly paused: ReadonlyArray<PauseInForce> } = { text: "[]", paused: [] }
  /** Until a reading that began later has shown them. */
  const own = new Map<PauseId, PauseCommitted>()
  let made = { from: known.paused, suspended: new Map() as ReadonlyMap<TenantId, string | null>, holds: noHolds }

  const know = (read: ReadonlyArray<PauseInForce>) => {
    const paused = [
      ...read.filter(({ pauseId }) => !own.has(pauseId)),
      ...[...own.values()].filter((one) => !one.isOver)
    ]
    const text = JSON.stringify(paused)
    if (text !== known.text) known = { text, paused }
  }

  const read = Effect.gen(function* () {
    const before = [...own.values()]
    const resumedAfter = (yield* Clock.currentTimeMillis) - releaseLimitMs
    const paused = yield* pauses.inForce({ resumedAfter, limit: pauseLimit })
    if (paused.length === pauseLimit) yield* Effect.logWarning(`only the oldest ${pauseLimit} pauses hold`)
    for (const one of before) if (own.get(one.pauseId) === one) own.delete(one.pauseId)
    know(paused)
  }).pipe(Effect.tapError(({ operation }) => Effect.logDebug("pauses cannot be read; those known hold", { operation })))
  const kept = yield* keepRead(bus, group, Object.keys(pauseTopics), read)

  const holds = () => {
    const now = suspended()
    if (made.from !== known.paused || made.suspended !== now) {
      const holds = new Holds([...[...now.keys()].map(suspensionOf), ...known.paused.map(holdOf)])
      made = { from: known.paused, suspended: now, holds }
    }
    return made.holds
  }
  const committed = (pause: PauseCommitted) => {
    own.set(pause.pauseId, pause)
    know(known.paused)
  }
  return { holds, known: kept.known, committed }
})
