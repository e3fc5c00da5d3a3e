/** An API key is made: what it may do, and for how long. */
import { Effect } from "effect"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import type { DialogOf } from "../parts/ChangeDialog.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { IssueDialog } from "../parts/IssueDialog.tsx"

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
        <legend>It may, of what you may</legend>
        {own.map((scope) => (
          <label key={scope} className="check">
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => turn(scope)} />
            {scope}
          </label>
        ))}
      </fieldset>
    </IssueDialog>
  )
}
