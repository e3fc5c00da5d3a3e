/** The button that checks the audit log in this browser, and what the check came to. */
import { Effect, Schema } from "effect"
import { useCallback, useEffect, useRef, useState } from "react"
import { ask, type Client } from "../backend/backend.ts"
import { type Trouble, troubleOf } from "../backend/trouble.ts"
import { Copy } from "../parts/Dialogs.tsx"
import { Field } from "../parts/Fields.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { Time } from "../time/Time.tsx"
import { beginning, type Begun, type Checked, checkStretch } from "./checkLog.ts"
import { type PublicKey, readKey } from "./checkpoint.ts"
import { base64Of, bytesOf } from "./tree.ts"

const Findings = ({ checked: { findings, size, tree } }: { readonly checked: Checked }) => (
  <div className="note bad" role="alert">
    <strong>This is not what was signed.</strong>
    <ul>
      {findings.map(({ leaf, what }) => (
        <li key={`${leaf} ${what}`}>{leaf === null ? what : `Leaf ${leaf} ${what}`}</li>
      ))}
    </ul>
    <p>
      Looked at {tree.size} of {size} leaves. Nothing of this check is kept. Whoever runs the installation finds what it
      is with <code>dueline audit verify</code>.
    </p>
  </div>
)

const Sound = ({
  checked,
  since,
  typed,
  withKey
}: Pick<RunningCheck, "since" | "withKey"> & { readonly checked: Checked; readonly typed: boolean }) => {
  const { follower, own, sealed, signedAt, size } = checked
  if (size === 0)
    return <p className="note">Nothing is signed yet: it is once a day, at a stop, and by dueline audit checkpoint.</p>
  return (
    <div className={`note ${withKey ? "good" : "warn"}`} role="status">
      <strong>Nothing was changed.</strong>
      <p>
        All {size} leaves come to the root that was signed at <Time at={signedAt} />. {own} of them are this tenant's,
        and each is what was sealed.
      </p>
      <p>
        {since === null
          ? "Looked at from the first leaf on; this browser keeps what it came to, and the next check shows whether anything before was changed."
          : `They continue the ${since.tree.size} leaves that this browser has kept.`}
        {withKey
          ? ""
          : ` Who signed it was not checked: ${typed ? "what stands in the field is no public key" : "that takes the public key"}.`}
        {follower === null
          ? ""
          : ` The key that was given is followed by ${follower.name}, as both have signed: this browser has that one from now on.`}
        {sealed > size ? ` The last ${sealed - size} of ${sealed} leaves are not signed yet.` : ""}
      </p>
    </div>
  )
}

const Going = ({ checked }: { readonly checked: Checked | null }) => (
  <span className="progress">
    <progress value={checked?.tree.size ?? 0} max={Math.max(1, checked?.size ?? 1)} aria-label="Checked" />
    <span>
      {checked?.tree.size ?? 0} of {checked?.size ?? "…"} leaves
    </span>
  </span>
)

/** After a restore of an earlier state there are fewer leaves than were kept, and nobody is to blame. */
const KeptNote = ({ kept, letGo }: { readonly kept: Kept; readonly letGo: () => void }) => (
  <p className="faint">
    This browser has kept {kept.tree.size} leaves, checked at <Time at={kept.at} />.{" "}
    <button type="button" className="quiet" onClick={letGo}>
      Forget them
    </button>
  </p>
)

export const AuditCheck = ({ tenant }: { readonly tenant: string }) => {
  const check = useAuditCheck(tenant)
  const [key, setKey] = useState(keptKey)
  const { busy, checked, start, stop, trouble } = check
  const [kept, setKept] = useState(() => keptOf(tenant))
  useEffect(() => {
    setKept(keptOf(tenant))
    // What the earlier key signs from now on is believed no more.
    if (checked?.done !== true || checked.follower === null || checked.findings.length > 0) return
    setKey(checked.follower.text)
    keepKey(checked.follower.text)
  }, [tenant, checked])
  const letGo = () => {
    forget(tenant)
    setKept(null)
  }
  const type = (text: string) => {
    setKey(text)
    keepKey(text)
  }
  return (
    <details className="proof">
      <summary>Check that nothing was changed</summary>
      <p>
        This browser hashes what there is of this tenant, puts the whole tree together, and compares it with what was
        signed and with what it kept of the last check. It believes the program nothing but the events themselves: that
        none of them is shown as somebody else's, an export of all alone proves.
      </p>
      {isSecureContext ? null : (
        <p className="note warn">A browser does that on pages with https, or of this machine.</p>
      )}
      <Field label="Public key, as dueline audit key prints it" value={key} set={type} />
      {kept === null ? null : <KeptNote kept={kept} letGo={letGo} />}
      <div className="actions">
        <button type="button" disabled={busy || !isSecureContext} onClick={() => start(key)}>
          {checked === null || checked.done ? "Check" : "Go on"}
        </button>
        {busy ? (
          <button type="button" className="quiet" onClick={stop}>
            Stop
          </button>
        ) : null}
        {busy || (checked !== null && !checked.done) ? <Going checked={checked} /> : null}
        {checked?.note === null || checked === null ? null : (
          <Copy label="Copy the checkpoint" text={() => checked.note ?? ""} />
        )}
      </div>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      {checked?.done !== true ? null : checked.findings.length > 0 ? (
        <Findings checked={checked} />
      ) : (
        <Sound checked={checked} since={check.since} withKey={check.withKey} typed={key.trim() !== ""} />
      )}
    </details>
  )
}

/** A check of the audit log as it goes on: it can be stopped and gone on with, and what it came to is kept for the next one. */
export interface RunningCheck {
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

type GoingCheck = Begun & Pick<Checked, "findings">

const isForeignCursor = (error: unknown): boolean => troubleOf(error).code === "invalid_cursor"

const checkAll = (api: Client, from: GoingCheck, key: PublicKey | null, progress: (checked: Checked) => void) =>
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

export const useAuditCheck = (tenant: string): RunningCheck => {
  const [state, setState] = useState<Pick<RunningCheck, "busy" | "checked" | "since" | "withKey" | "trouble">>({
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
    const begun: GoingCheck = goesOn ? checked : { ...(from ?? beginning), findings: [] }
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

/** What this browser keeps of a check for the next one: the tree as it was then, and the key that somebody trusts. */
export interface Kept extends Begun {
  /** ISO 8601. */
  readonly at: string
}

const Written = Schema.fromJsonString(
  Schema.Struct({
    size: Schema.Int,
    peaks: Schema.Array(Schema.String),
    resume: Schema.String,
    own: Schema.Int,
    at: Schema.String
  })
)
const decode = Schema.decodeUnknownOption(Written)

const nameOf = (tenant: string): string => `dueline.audit.${tenant}`

export const keptOf = (tenant: string): Kept | null => {
  const found = decode(localStorage.getItem(nameOf(tenant)))
  if (found._tag === "None") return null
  const { at, own, peaks, resume, size } = found.value
  return { tree: { size, peaks: peaks.map(bytesOf) }, resume, own, at }
}

export const keep = (tenant: string, { at, own, resume, tree }: Kept): void =>
  localStorage.setItem(
    nameOf(tenant),
    JSON.stringify({ size: tree.size, peaks: tree.peaks.map(base64Of), resume, own, at })
  )

export const forget = (tenant: string): void => localStorage.removeItem(nameOf(tenant))

const keyName = "dueline.audit.key"

export const keptKey = (): string => localStorage.getItem(keyName) ?? ""
export const keepKey = (text: string): void => localStorage.setItem(keyName, text.trim())
