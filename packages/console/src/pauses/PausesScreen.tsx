/** Pauses: what is held back, why and by whom, and how it is let go. */
import { PauseOf, PauseStatus } from "@dueline/contracts/pause/Pause"
import type { PauseView } from "@dueline/contracts/pause/PauseEndpoints"
import { useState } from "react"
import { newKey, usePages } from "../backend/asking.ts"
import { headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton, type DialogOf } from "../parts/Dialogs.tsx"
import { Field } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"

const scope = "ops:pauses.write"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: PauseStatus.literals },
  { name: "of", label: "Of", oneOf: PauseOf.literals },
  { name: "key", label: "Which", type: "text" }
]

const Resuming = ({ changed, close, pause }: DialogOf & { readonly pause: PauseView }) => {
  const [rate, setRate] = useState("")
  const perSecond = Number(rate)
  return (
    <ChangeDialog
      title="Resume what was paused"
      lead={<p>Calls that became due meanwhile start, the earliest first.</p>}
      label="Resume"
      ready={rate.trim() === "" || perSecond > 0}
      question={({ pauses }) =>
        pauses.resume({
          params: { id: pause.id },
          headers: headersFor(pause),
          payload: rate.trim() === "" ? {} : { releasePerSecond: perSecond }
        })
      }
      done="Resumed"
      close={close}
      changed={changed}
    >
      <label>
        So many a second; all at once when left empty
        <input inputMode="decimal" value={rate} onChange={(event) => setRate(event.target.value)} />
      </label>
    </ChangeDialog>
  )
}

const ResumeButton = ({ changed, pause }: { readonly pause: PauseView; readonly changed: () => void }) => (
  <DialogButton
    label="Resume"
    scope={scope}
    why={pause.status === "Active" ? null : "It was resumed"}
    changed={changed}
  >
    {(close, done) => <Resuming pause={pause} close={close} changed={done} />}
  </DialogButton>
)

const columnsWith = (changed: () => void): readonly [Column<PauseView>, ...ReadonlyArray<Column<PauseView>>] => [
  { head: "Of", cell: ({ key, of }) => (key === null ? "the whole tenant" : `${of} ${key}`) },
  {
    head: "State",
    cell: ({ status }) => (
      <Status of={status} tone={status === "Active" ? "warn" : "good"} words={status === "Active" ? "Holds" : status} />
    )
  },
  { head: "Reason", as: "wide", cell: ({ reason }) => reason },
  { head: "By", cell: ({ pausedBy }) => pausedBy },
  { head: "Since", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { head: "Resumed", cell: ({ resumedAt }) => <Ago at={resumedAt} /> },
  { head: "Change", cell: (pause) => <ResumeButton pause={pause} changed={changed} /> }
]

export const PausesScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ pauses }, page) =>
    pauses.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="Pauses"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Pause calls" scope={scope} why={null} changed={pages.again}>
            {(close, done) => <Pausing close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Pauses, newest first"
        pages={pages}
        columns={columnsWith(pages.again)}
        keyOf={({ id }) => id}
        href={null}
        filtered={Object.keys(values).length > 0}
        nothing={
          <p>Nothing is held back, and nothing was. “Pause calls…” lets calls of a target wait while it is repaired.</p>
        }
      />
    </Screen>
  )
}

/** Which calls are to wait, and why. */
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
