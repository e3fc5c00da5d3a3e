/** A check of the audit log as it goes on: it can be stopped and gone on with, and what it came to is kept for the next one. */
import { Effect } from "effect"
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Client } from "../backend/backend.ts"
import { type Trouble, troubleOf } from "../backend/trouble.ts"
import { beginning, type Begun, checkStretch, type Checked } from "./checkLog.ts"
import { type PublicKey, readKey } from "./checkpoint.ts"
import { keep, type Kept, keptOf } from "./kept.ts"

export interface AuditCheck {
  readonly busy: boolean
  readonly checked: Checked | null
  /** The tree that this check goes on from; null where it began at the first leaf. */
  readonly since: Kept | null
  /** Whether the signature is checked too: a key was given that can be read. */
  readonly withKey: boolean
  readonly trouble: Trouble | null
  readonly start: (key: string) => void
  readonly stop: () => void
}

type Going = Begun & Pick<Checked, "findings">

const isForeignCursor = (error: unknown): boolean => troubleOf(error).code === "invalid_cursor"

const checkAll = (api: Client, from: Going, key: PublicKey | null, progress: (checked: Checked) => void) =>
  Effect.gen(function* () {
    let state = from
    for (;;) {
      const { resume } = state
      const proof = yield* api.audit.proof({ query: resume === null ? {} : { cursor: resume } })
      const before = state
      const next = yield* Effect.promise(() => checkStretch(before, proof, key))
      progress(next)
      if (next.done) return next
      state = next
    }
  })

export const useAuditCheck = (tenant: string): AuditCheck => {
  const [state, setState] = useState<Pick<AuditCheck, "busy" | "checked" | "since" | "withKey" | "trouble">>({
    busy: false,
    checked: null,
    since: null,
    withKey: false,
    trouble: null
  })
  const going = useRef<(() => void) | null>(null)
  const stop = useCallback(() => {
    going.current?.()
    going.current = null
    setState((before) => ({ ...before, busy: false }))
  }, [])
  useEffect(() => () => going.current?.(), [])
  const { checked, since } = state
  const start = (text: string) => {
    const goesOn = checked !== null && !checked.done
    const from = goesOn ? since : keptOf(tenant)
    const begun: Going = goesOn ? checked : { ...(from ?? beginning), findings: [] }
    setState({ busy: true, checked: goesOn ? checked : null, since: from, withKey: false, trouble: null })
    const progress = (latest: Checked) => setState((before) => ({ ...before, checked: latest }))
    going.current = ask(
      (api) =>
        Effect.gen(function* () {
          const key = yield* Effect.promise(() => readKey(text))
          setState((before) => ({ ...before, withKey: key !== null }))
          // The edge has other keys by now: its first answer says so, and all is looked at anew.
          return yield* Effect.catchIf(checkAll(api, begun, key, progress), isForeignCursor, () => {
            setState((before) => ({ ...before, since: null }))
            return checkAll(api, { ...beginning, findings: [] }, key, progress)
          })
        }),
      {
        answered: (latest) => {
          going.current = null
          if (latest.findings.length === 0 && latest.size > 0)
            keep(tenant, { ...latest, at: new Date(Date.now()).toISOString() })
          setState((before) => ({ ...before, busy: false, checked: latest }))
        },
        failed: (error) => {
          going.current = null
          setState((before) => ({ ...before, busy: false, trouble: troubleOf(error) }))
        }
      }
    )
  }
  return { ...state, start, stop }
}
