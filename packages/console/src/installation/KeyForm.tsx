/** An API key is made: what it may do, and for how long. It may no more than who makes it, and the form says why not. */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { leastRole } from "@dueline/contracts/api/roles"
import { Effect } from "effect"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { type Session, signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import type { DialogOf } from "../parts/ChangeDialog.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { IssueDialog } from "../parts/IssueDialog.tsx"
import { conditionWords } from "./conditionWords.ts"

/** Why somebody cannot give this scope; null where they can. */
const whyNot = ({ forSome = [], permissions }: Pick<Session, "forSome" | "permissions">, scope: string) => {
  if (permissions.includes(scope)) return null
  const some = forSome.find((one) => one.scope === scope)
  if (some === undefined) {
    const role = leastRole(scope as (typeof tenantScopes)[number])
    return `it is not yours${role === null ? "" : `; the role ${role} has it`}`
  }
  return `it is yours ${conditionWords(some)}, and a key has no such bounds: it would reach further than you`
}

const NotYours = ({ session }: { readonly session: Session }) => {
  const reasons = tenantScopes.flatMap((scope) => {
    const why = whyNot(session, scope)
    return why === null ? [] : [{ scope, why }]
  })
  if (reasons.length === 0) return null
  return (
    <details className="proof">
      <summary>What you cannot give a key, and why ({reasons.length})</summary>
      <ul>
        {reasons.map(({ scope, why }) => (
          <li key={scope}>
            <code>{scope}</code>: {why}
          </li>
        ))}
      </ul>
    </details>
  )
}

const lives = ["30d", "90d", "365d", "without end"] as const

export const KeyForm = ({ changed, close }: DialogOf) => {
  const signIn = useAtom(signInAtom)
  const [name, setName] = useState("")
  const [life, setLife] = useState<string>("90d")
  const [scopes, setScopes] = useState<ReadonlyArray<string>>([])
  const own = signIn.at === "in" ? signIn.session.permissions : []
  const turn = (scope: string) =>
    setScopes((before) => (before.includes(scope) ? before.filter((one) => one !== scope) : [...before, scope]))
  return (
    <IssueDialog
      title="Make an API key"
      label="Make it"
      ready={name.trim() !== "" && scopes.length > 0}
      question={(api) =>
        Effect.map(
          api["api-keys"].create({
            headers: { "idempotency-key": newKey() },
            payload: { name: name.trim(), scopes, ...(life === "without end" ? {} : { expiresIn: life }) } as never
          }),
          ({ body }) => body.key
        )
      }
      close={close}
      changed={changed}
    >
      <div className="two">
        <Field label="Name" value={name} set={setName} />
        <Choice label="Good for" of={lives} value={life} set={setLife} />
      </div>
      <fieldset className="checks">
        <legend>What it may do</legend>
        {own.map((scope) => (
          <label key={scope} className="check">
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => turn(scope)} />
            {scope}
          </label>
        ))}
        {own.length === 0 ? <p className="faint">Nothing: you have no permission yourself.</p> : null}
      </fieldset>
      {signIn.at === "in" ? <NotYours session={signIn.session} /> : null}
    </IssueDialog>
  )
}
