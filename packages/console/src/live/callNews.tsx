/** News of calls for one screen, at a pace that a person can follow and a browser can draw. */
import type { CallChanges } from "@dueline/contracts/api/ServiceCallEndpoints"
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"
import { Duration, Effect, Schedule, Stream } from "effect"
import { Atom } from "effect/reactivity"
import { useEffect, useRef } from "react"
import { client, runtime } from "../backend/backend.ts"
import { signInAtom } from "../backend/session.ts"
import { troubleOf } from "../backend/trouble.ts"
import { registry, useAtom } from "../backend/useAtom.ts"
import { Status } from "../parts/Status.tsx"

/** Drawn so often at the most, whatever comes. */
const drawEveryMs = 200
/** Calls that wait to be drawn: also a page that nobody looks at is drawn no later than its next turn. */
const waitingLimit = 1_000
/** Where more happens than is told, what is shown is read again so often at the most. */
const readEveryMs = 5_000

interface Heard {
  readonly changed: (calls: ReadonlyMap<string, ServiceCallSummary>) => void
  readonly missed: () => void
}

/** Does something soon, however often it is asked for: no sooner than `everyMs` after the last time. */
const paced = (everyMs: number, act: () => void) => {
  let waiting: ReturnType<typeof setTimeout> | undefined
  let actedAt = -everyMs
  return {
    soon: () => {
      waiting ??= setTimeout(
        () => {
          waiting = undefined
          actedAt = performance.now()
          act()
        },
        Math.max(0, actedAt + everyMs - performance.now())
      )
    },
    stop: () => clearTimeout(waiting)
  }
}

export const useCallNews = (heard: Heard): void => {
  const current = useRef(heard)
  useEffect(() => {
    current.current = heard
  })
  useEffect(() => {
    const signIn = registry.get(signInAtom)
    if (signIn.at !== "in") return
    let waiting = new Map<string, ServiceCallSummary>()
    const read = paced(readEveryMs, () => current.current.missed())
    const draw = paced(drawEveryMs, () => {
      const calls = waiting
      waiting = new Map()
      if (calls.size > waitingLimit) read.soon()
      else current.current.changed(calls)
    })
    const stop = followCalls(signIn.session.tenant ?? signIn.session.subject, (news) => {
      if (news.kind === "missed") return read.soon()
      if (waiting.size <= waitingLimit) for (const call of news.calls) waiting.set(call.id, call)
      draw.soon()
    })
    return () => {
      stop()
      draw.stop()
      read.stop()
    }
  }, [])
}

/**
 * The changes of calls as they happen: one stream for all tabs of this browser, which has few connections to one host. The tab that holds the
 * lock reads it and tells the others; when that tab goes, the lock passes on.
 */
export type News =
  /** Each call once, as it is now. */
  | { readonly kind: "changed"; readonly calls: ReadonlyArray<ServiceCallSummary> }
  /** The stream began anew or left something out: what is shown has to be read again. */
  | { readonly kind: "missed" }

/** Whether news come: shown beside what they concern. */
export const liveAtom = Atom.keepAlive(Atom.make(false))

const listeners = new Set<(news: News) => void>()

/** Silence for longer than this, where the edge says something every 15 seconds, is a stream that is gone. */
const silenceMs = 40_000

const pause = Schedule.exponential("500 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(5)))),
  Schedule.jittered
)

/** Connects, and again when the stream ends, which it does now and then; not again where it is not allowed. */
const reading = (tell: (news: News) => void) => {
  let last: number | null = null
  let begun = false
  const take = ({ calls, omitted, sequence }: CallChanges) => {
    if (last === null && begun) tell({ kind: "missed" })
    else if (omitted > 0 || (last !== null && sequence > last + 1)) tell({ kind: "missed" })
    begun = true
    last = sequence
    if (calls.length > 0) tell({ kind: "changed", calls })
    registry.set(liveAtom, true)
  }
  const once = Effect.flatMap(client, (api) => api.serviceCalls.live()).pipe(
    Effect.flatMap((stream) =>
      stream.pipe(
        Stream.timeout(silenceMs),
        Stream.runForEach((changes) => Effect.sync(() => take(changes)))
      )
    ),
    Effect.ensuring(
      Effect.sync(() => {
        last = null
        registry.set(liveAtom, false)
      })
    )
  )
  return once.pipe(
    Effect.andThen(Effect.sleep("500 millis")),
    Effect.forever,
    Effect.retry({ schedule: pause, while: (error) => !["forbidden", "signed-out"].includes(troubleOf(error).kind) }),
    Effect.ignore
  )
}

const begin = (name: string): (() => void) => {
  const channel = new BroadcastChannel(name)
  const tell = (news: News) => {
    for (const listener of listeners) listener(news)
  }
  channel.addEventListener("message", ({ data }: MessageEvent<News>) => {
    registry.set(liveAtom, true)
    tell(data)
  })
  const both = (news: News) => {
    tell(news)
    channel.postMessage(news)
  }
  const ending = new AbortController()
  const { signal } = ending
  const read = () => runtime.runPromise(reading(both), { signal }).catch(() => undefined)
  // There is none on plain http from another machine: each tab has a stream of its own then.
  const locks = navigator.locks as LockManager | undefined
  void (locks === undefined ? read() : locks.request(name, { signal }, read).catch(() => undefined))
  return () => {
    ending.abort()
    channel.close()
  }
}

let present: { readonly name: string; readonly end: () => void } | null = null

/** `of` names the tenant: no tab may hear of another's. */
export const followCalls = (of: string, listener: (news: News) => void): (() => void) => {
  const name = `dueline.calls.${of}`
  if (present?.name !== name) {
    present?.end()
    present = { name, end: begin(name) }
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** Whether what is shown follows what happens. */
export const Live = () =>
  useAtom(liveAtom) ? <Status of="live" words="Live" tone="good" /> : <Status of="paused" words="Not live" tone="off" />
