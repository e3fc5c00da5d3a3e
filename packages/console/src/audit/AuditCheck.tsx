/** The button that checks the audit log in this browser, and what the check came to. */
import { useEffect, useState } from "react"
import { Copy } from "../parts/Copy.tsx"
import { Field } from "../parts/Fields.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { Time } from "../time/Time.tsx"
import type { Checked } from "./checkLog.ts"
import { forget, keepKey, type Kept, keptKey, keptOf } from "./kept.ts"
import { type AuditCheck as Check, useAuditCheck } from "./useAuditCheck.ts"

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
}: Pick<Check, "since" | "withKey"> & { readonly checked: Checked; readonly typed: boolean }) => {
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
