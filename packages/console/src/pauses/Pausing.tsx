/** Which calls are to wait, and why. */
import { PauseOf } from "@dueline/contracts/pause/Pause"
import { useState } from "react"
import { newKey } from "../backend/useAct.ts"
import { ChangeDialog, type DialogOf } from "../parts/ChangeDialog.tsx"
import { Field } from "../parts/Fields.tsx"

interface PausingProps extends DialogOf {
  /** What is chosen first. */
  readonly first?: { readonly of: typeof PauseOf.Type; readonly key: string }
}

export const Pausing = ({ changed, close, first = { of: "target", key: "" } }: PausingProps) => {
  const [of, setOf] = useState<typeof PauseOf.Type>(first.of)
  const [key, setKey] = useState(first.key)
  const [reason, setReason] = useState("")
  const whole = of === "tenant"
  return (
    <ChangeDialog
      title="Pause calls"
      lead={
        <p>They are accepted, cancelled and moved as before, and wait when they are due. What is on the wire ends.</p>
      }
      label="Pause"
      ready={reason.trim() !== "" && (whole || key.trim() !== "")}
      question={({ pauses }) =>
        pauses.create({
          headers: { "idempotency-key": newKey() },
          payload: { of, reason, ...(whole ? {} : { key }) }
        })
      }
      done="Paused"
      close={close}
      changed={changed}
    >
      <label>
        Which calls wait
        <select value={of} onChange={(event) => setOf(event.target.value as typeof PauseOf.Type)}>
          {PauseOf.literals.map((one) => (
            <option key={one} value={one}>
              {one === "tenant" ? "all of the tenant" : `of one ${one}`}
            </option>
          ))}
        </select>
      </label>
      {whole ? null : (
        <label>
          Which {of}
          <input
            value={key}
            placeholder={of === "target" ? "https://api.example.com" : ""}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
      )}
      <Field label="Reason, shown with every call that waits" value={reason} set={setReason} />
    </ChangeDialog>
  )
}
