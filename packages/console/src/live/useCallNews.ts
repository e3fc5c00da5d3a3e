/** News of calls for one screen, at a pace that a person can follow and a browser can draw. */
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"
import { useEffect, useRef } from "react"
import { signInAtom } from "../backend/session.ts"
import { registry } from "../backend/useAtom.ts"
import { followCalls } from "./followCalls.ts"

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
