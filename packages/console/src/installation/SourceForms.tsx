/** A courier source is made, or gets another secret. */
import type { CourierSourceView } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { SchemePreset } from "@dueline/contracts/courierSource/SignatureScheme"
import { Effect } from "effect"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { headersFor } from "../parts/Actions.tsx"
import type { DialogOf } from "../parts/ChangeDialog.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { IssueDialog } from "../parts/IssueDialog.tsx"

const given = (secret: string) => (secret.trim() === "" ? {} : { secret: secret.trim() })

export const NewSource = ({ changed, close }: DialogOf) => {
  const [name, setName] = useState("")
  const [scheme, setScheme] = useState<string>(SchemePreset.literals[0] ?? "")
  const [secret, setSecret] = useState("")
  return (
    <IssueDialog
      title="Make a courier source"
      label="Make it"
      ready={name.trim() !== ""}
      question={(api) =>
        Effect.map(
          api["courier-sources"].create({
            headers: { "idempotency-key": newKey() },
            payload: { name: name.trim(), scheme, ...given(secret) } as never
          }),
          ({ body }) => body.secret
        )
      }
      close={close}
      changed={changed}
    >
      <div className="two">
        <Field label="Name" value={name} set={setName} />
        <Choice label="It signs as" of={SchemePreset.literals} value={scheme} set={setScheme} />
      </div>
      <Field label="A secret that it has already; empty: one is made" value={secret} set={setSecret} />
    </IssueDialog>
  )
}

export const NewSourceSecret = ({ changed, close, source }: DialogOf & { readonly source: CourierSourceView }) => {
  const [overlap, setOverlap] = useState("24h")
  const [secret, setSecret] = useState("")
  return (
    <IssueDialog
      title={`Another secret for ${source.name}`}
      lead={<p>What is signed with the secrets before is taken in for as long as is said here.</p>}
      label="Give it another"
      ready={overlap.trim() !== ""}
      question={(api) =>
        Effect.map(
          api["courier-sources"].rotate({
            params: { id: source.id },
            headers: headersFor(source),
            payload: { overlap: overlap.trim(), ...given(secret) } as never
          }),
          ({ body }) => body.secret
        )
      }
      close={close}
      changed={changed}
    >
      <div className="two">
        <Field label="The ones before stay good for" value={overlap} set={setOverlap} />
        <Field label="A secret that it has already; empty: one is made" value={secret} set={setSecret} />
      </div>
    </IssueDialog>
  )
}
