/**
 * Tells of changed calls between processes, over core NATS: whoever watches a tenant says so every five seconds, and writers publish what
 * changed of it, four times a second at the most. Nothing is stored; what gets lost is seen when the list is read again. A tenant nobody
 * watches costs its writers a look into a map.
 */
import { type CallNotices, type ChangedCalls, ChangeSet } from "@dueline/contracts/CallNotices"
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { makeSignal } from "@dueline/contracts/Signal"
import { Clock, Effect, Option, Schema } from "effect"
import { Nats } from "../Nats.ts"
import { changesSubject, watchedSubject } from "../Subjects.ts"

/** Of one message. */
const callsLimit = 1_000

const ChangesJson = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    calls: Schema.Array(ServiceCallId).check(Schema.isMaxLength(callsLimit)),
    omitted: Schema.Int
  })
)
const decodeChanges = Schema.decodeUnknownOption(ChangesJson)
const isTenantId = Schema.is(TenantId)

/** Null when it is not understood. */
export const readChanges = (text: string): ChangedCalls | null =>
  Option.getOrNull(Option.map(decodeChanges(text), ({ calls, omitted }) => ({ callIds: calls, omitted })))

export const changesText = ({ callIds, omitted }: ChangedCalls): string =>
  JSON.stringify({ v: 1, calls: callIds, omitted })

/** A tenant that somebody watches, as its writers know it. `until`: of the monotonic clock, in milliseconds. */
interface Wanted {
  until: number
  readonly changes: ChangeSet
}

export interface NoticeTimes {
  /** From one message about a tenant to the next, in milliseconds. */
  readonly everyMs: number
  /** How often a watcher says that it is there, in milliseconds. It is forgotten when it has been silent for three times as long. */
  readonly watchingMs: number
}

export const defaultNoticeTimes: NoticeTimes = { everyMs: 250, watchingMs: 5_000 }

/** Tenants watched at once that a writer tells of; of further ones it tells nothing. */
const wantedLimit = 10_000

/** `writes`: this process has writers. */
export const make = Effect.fnUntraced(function* (writes: boolean, { everyMs, watchingMs } = defaultNoticeTimes) {
  const { connected, connection, prefix, request } = yield* Nats
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const wanted = new Map<TenantId, Wanted>()
  const filled = makeSignal()

  const hear = (tenantId: string): void => {
    if (!isTenantId(tenantId)) return
    const known = wanted.get(tenantId)
    if (known !== undefined) known.until = now() + watchingMs * 3
    else if (wanted.size < wantedLimit)
      wanted.set(tenantId, { until: now() + watchingMs * 3, changes: new ChangeSet(callsLimit) })
  }
  const tell = (): void => {
    for (const [tenantId, { changes, until }] of wanted) {
      if (until < now()) wanted.delete(tenantId)
      else if (!changes.isEmpty && connected())
        connection.publish(changesSubject(prefix, tenantId), changesText(changes.take()))
    }
  }
  if (writes) {
    const subscription = connection.subscribe(watchedSubject(prefix), {
      callback: (_, message) => hear(message.string())
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
    const telling = filled
      .wait(Number.POSITIVE_INFINITY)
      .pipe(Effect.andThen(Effect.sync(tell)), Effect.andThen(Effect.sleep(everyMs)), Effect.forever)
    yield* Effect.forkScoped(telling)
  }

  const watch: CallNotices["watch"] = Effect.fnUntraced(function* (tenantId, heard) {
    const subscription = connection.subscribe(changesSubject(prefix, tenantId), {
      callback: (_, message) => {
        const read = readChanges(message.string())
        if (read !== null) heard(read)
      }
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
    const say = Effect.sync(() => {
      if (connected()) connection.publish(watchedSubject(prefix), tenantId)
    })
    yield* say
    // The server has passed it on when it answers. Where it does not, it is said again soon.
    yield* Effect.ignore(
      Effect.timeout(
        request(() => connection.flush()),
        watchingMs
      )
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(watchingMs), say)))
  })

  const notices: CallNotices = {
    changed: (tenantId, callId) => {
      const one = wanted.get(tenantId)
      if (one === undefined) return
      one.changes.add(callId)
      filled.raise()
    },
    watch
  }
  return notices
})
