/**
 * What changes of a tenant's calls, for those who watch: read once for all of them, written out once, a few times a second. A tenant nobody
 * watches costs nothing, a reader that does not read costs the few frames that are kept for it.
 */
import type { CallChanges } from "@dueline/contracts/api/ServiceCallEndpoints"
import { CallNotices, ChangeSet } from "@dueline/contracts/CallNotices"
import type { TenantId } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import { CallQueries, findManyLimit } from "@dueline/contracts/ports/Queries"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { makeSignal } from "@dueline/contracts/Signal"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Context, Effect, Layer, PubSub, RcMap, Stream } from "effect"
import { summaryOf } from "./view.ts"

export interface FeedTimes {
  /** From a change to its telling, so that others join it, in milliseconds. */
  readonly gatherMs: number
  /** From one telling to the next, in milliseconds. */
  readonly everyMs: number
  /** How often a stream on which nothing happens says that it is there, in milliseconds. */
  readonly silenceMs: number
  /** How soon streams end after the process has begun to stop, in milliseconds. */
  readonly lookMs: number
  /** How long one stream lasts, in milliseconds: then its reader comes again, with a token that is looked at. */
  readonly lastsMs: number
}

export const defaultFeedTimes: FeedTimes = {
  gatherMs: 50,
  everyMs: 250,
  silenceMs: 15_000,
  lookMs: 200,
  lastsMs: 600_000
}

/** Streams of a process at once, and of one tenant as many as there is room left. */
const maxStreams = 2_000

/** Frames kept for a reader that is behind; what comes then takes the place of the oldest, and the reader sees a hole. */
const kept = 8

/** Null: the stream ends. */
type Frame = Uint8Array | null

interface Watched {
  readonly frames: PubSub.PubSub<Frame>
  readonly sequence: () => number
}

export class CallFeed extends Context.Service<
  CallFeed,
  {
    /** Whether there is room for one more stream of the tenant. */
    readonly hasRoom: (tenantId: TenantId) => boolean
    /** The events of one stream, written out. Never fails; ends when the process stops, after its time, and at once when there is no room. */
    readonly of: (tenantId: TenantId) => Stream.Stream<Uint8Array>
  }
>()("@dueline/api/calls/CallFeed") {}

const encoder = new TextEncoder()

/** As the framework would write it; the schemas' encoder would walk each call for each reader. */
const written = (changes: CallChanges): Uint8Array =>
  encoder.encode(`event: message\ndata: ${JSON.stringify(changes)}\n\n`)

const make = Effect.fnUntraced(function* ({ everyMs, gatherMs, lastsMs, lookMs, silenceMs }: FeedTimes) {
  const calls = yield* CallQueries
  const notices = yield* CallNotices
  const { phase } = yield* HealthChecks
  const { liveStreams } = yield* Metrics
  const places = new Places(maxStreams)
  let streams = 0
  liveStreams.read = () => streams

  const watch = Effect.fnUntraced(function* (tenantId: TenantId) {
    const frames = yield* PubSub.sliding<Frame>(kept)
    const changes = new ChangeSet(findManyLimit)
    const filled = makeSignal()
    let sequence = 0
    const tell = (told: Omit<CallChanges, "sequence">) => PubSub.publish(frames, written({ sequence, ...told }))

    const flush = Effect.suspend(() => {
      if (changes.isEmpty) return Effect.void
      const { callIds, omitted } = changes.take()
      return Effect.matchCauseEffect(calls.findMany(tenantId, callIds), {
        // A hole in the sequence, as is a frame that a reader was too slow for.
        onFailure: (cause) => {
          sequence += 1
          return logUnlessStoreTrouble(
            "warning",
            "changed calls could not be read; who watches reads the list again",
            cause
          ).pipe(Effect.annotateLogs({ tenantId }))
        },
        onSuccess: (rows) => {
          sequence += 1
          return tell({ calls: rows.map(summaryOf), omitted })
        }
      })
    })
    const telling = filled
      .wait(Number.POSITIVE_INFINITY)
      .pipe(
        Effect.andThen(Effect.sleep(gatherMs)),
        Effect.andThen(flush),
        Effect.andThen(Effect.sleep(everyMs - gatherMs)),
        Effect.forever
      )
    const saying = Effect.forever(
      Effect.andThen(
        Effect.sleep(silenceMs),
        Effect.suspend(() => tell({ calls: [], omitted: 0 }))
      )
    )
    const ending = Effect.sleep(lookMs).pipe(
      Effect.repeat({ until: () => phase() === "draining" }),
      Effect.andThen(Effect.suspend(() => PubSub.publish(frames, null)))
    )
    yield* notices.watch(tenantId, (changed) => {
      changes.addAll(changed)
      filled.raise()
    })
    yield* Effect.forkScoped(Effect.raceFirst(Effect.raceFirst(telling, saying), ending))
    return { frames, sequence: () => sequence } satisfies Watched
  })

  const watched = yield* RcMap.make({ lookup: watch })

  const place = (tenantId: TenantId) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const leave = places.enter(tenantId)
        if (leave !== null) streams += 1
        return leave
      }),
      (leave) =>
        Effect.sync(() => {
          if (leave === null) return
          streams -= 1
          leave()
        })
    )

  const read = Effect.fnUntraced(function* (tenantId: TenantId) {
    if ((yield* place(tenantId)) === null || phase() === "draining") return Stream.empty
    const { frames, sequence } = yield* RcMap.get(watched, tenantId)
    const subscription = yield* PubSub.subscribe(frames)
    const first = written({ sequence: sequence(), calls: [], omitted: 0 })
    return Stream.fromSubscription(subscription).pipe(
      Stream.takeWhile((frame) => frame !== null),
      Stream.prepend([first])
    )
  })

  return CallFeed.of({
    hasRoom: (tenantId) => {
      const leave = places.enter(tenantId)
      leave?.()
      return leave !== null
    },
    of: (tenantId) => Stream.interruptWhen(Stream.unwrap(read(tenantId)), Effect.sleep(lastsMs))
  })
})

export const layer = (times: FeedTimes = defaultFeedTimes) => Layer.effect(CallFeed, make(times))
