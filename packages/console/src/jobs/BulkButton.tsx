/**
 * Something done to all that a filter chooses, in two steps: a plan that counts them and touches nothing, and a job that is started by writing
 * down that number. What came after the plan, and what changed since, is left alone.
 */
import { actionScopes, type BulkFilter, type BulkPlanView } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { BulkAction } from "@dueline/contracts/bulkJob/BulkJob"
import { useState } from "react"
import { Link, useLocation } from "wouter"
import { useAct } from "../backend/asking.ts"
import { reasonWords } from "../calls/callWords.ts"
import { Dialog } from "../parts/Dialogs.tsx"
import { Field } from "../parts/Fields.tsx"
import { shortId } from "../parts/Named.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../backend/session.ts"
import { Ago } from "../time/Time.tsx"
import { actionWords, itemsOf } from "./jobWords.ts"

interface BulkProps {
  /** What the button says, where it is not a list that something is done to. */
  readonly label?: string
  readonly filter: BulkFilter
  /** The filter as a person reads it. */
  readonly words: ReadonlyArray<string>
  readonly actions: readonly [BulkAction, ...ReadonlyArray<BulkAction>]
}

const rates = [5, 50, 200] as const

const Counts = ({ counted, title }: { title: string; counted: BulkPlanView["byTarget"] }) =>
  counted.length === 0 ? null : (
    <div>
      <h3>{title}</h3>
      <ul className="counts">
        {counted.slice(0, 6).map(({ count, name }) => (
          <li key={name}>
            <span>{reasonWords(name)}</span> <b>{count}</b>
          </li>
        ))}
      </ul>
    </div>
  )

const Confirm = ({ close, plan }: { readonly plan: BulkPlanView; readonly close: () => void }) => {
  const { act, busy, trouble } = useAct()
  const [, go] = useLocation()
  const [typed, setTyped] = useState("")
  const [rate, setRate] = useState<number>(50)
  const start = () =>
    act(
      ({ jobs }) => jobs.start({ payload: { token: plan.token, rate: rate as never } }),
      ({ body }) => {
        close()
        go(`/jobs/${body.id}`)
      }
    )
  return (
    <>
      <p className="lead">
        {actionWords[plan.action]} {plan.exact ? "" : "at least "}
        <b>{itemsOf(plan.action, plan.count)}</b>.
      </p>
      <div className="two">
        <Counts title="By target" counted={plan.byTarget} />
        <Counts title="By reason" counted={plan.byReason} />
      </div>
      <div>
        <h3>The newest of them</h3>
        <ul className="sample">
          {plan.sample.slice(0, 5).map(({ id, reason, target }) => (
            <li key={id}>
              <Link href={plan.action === "replay-dead-letters" ? `/dead-letters/${id}` : `/calls/${id}`}>
                {target} <code>{shortId(id)}</code>
              </Link>{" "}
              <span className="faint">{reason === null ? "" : reasonWords(reason)}</span>
            </li>
          ))}
        </ul>
      </div>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      <div className="two">
        <label>
          At the most, a second
          <select value={rate} onChange={(event) => setRate(Number(event.target.value))}>
            {rates.map((one) => (
              <option key={one} value={one}>
                {one} a second
              </option>
            ))}
          </select>
        </label>
        <label>
          Write {plan.count} to confirm
          <input inputMode="numeric" value={typed} onChange={(event) => setTyped(event.target.value)} />
        </label>
      </div>
      <p className="faint">
        Calls made after the plan, and those that have changed since, are left alone. The plan ends{" "}
        <Ago at={plan.expiresAt} />.
      </p>
      <div className="actions">
        <button
          type="button"
          className={plan.action === "cancel-calls" ? "danger" : "main"}
          disabled={busy || typed.trim() !== String(plan.count)}
          onClick={start}
        >
          {actionWords[plan.action]} {itemsOf(plan.action, plan.count)}
        </button>
        <button type="button" onClick={close}>
          Leave them
        </button>
      </div>
    </>
  )
}

const Planning = ({ actions, close, filter, label, words }: BulkProps & { readonly close: () => void }) => {
  const { act, busy, trouble } = useAct()
  const [action, setAction] = useState<BulkAction>(actions[0])
  const [moveBy, setMoveBy] = useState("1h")
  const [plan, setPlan] = useState<BulkPlanView | null>(null)
  const may = useMay(actionScopes[action])
  const look = () =>
    act(
      ({ jobs }) => jobs.plan({ payload: { action, filter, ...(action === "move-calls" ? { moveBy } : {}) } }),
      setPlan
    )
  if (plan !== null && plan.count > 0)
    return (
      <Dialog title="Confirm the plan" close={close}>
        <Confirm plan={plan} close={close} />
      </Dialog>
    )
  return (
    <Dialog title={label ?? "Bulk action"} close={close}>
      <ul className="sample">
        {words.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      {actions.length === 1 ? null : (
        <label>
          What to do
          <select value={action} onChange={(event) => setAction(event.target.value as BulkAction)}>
            {actions.map((one) => (
              <option key={one} value={one}>
                {actionWords[one]}
              </option>
            ))}
          </select>
        </label>
      )}
      {action === "move-calls" ? (
        <Field label="Due so much later than now: 30m, 2h, 1d" value={moveBy} set={setMoveBy} />
      ) : null}
      {plan === null ? null : <p className="note warn">Nothing fits that this can be done to.</p>}
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      {may ? null : <p className="note warn">Needs the permission {actionScopes[action]}.</p>}
      <div className="actions">
        <button type="button" className="main" disabled={busy || !may} onClick={look}>
          {busy ? "Counting…" : "Count them"}
        </button>
        <span className="faint">This touches nothing yet.</span>
      </div>
    </Dialog>
  )
}

export const BulkButton = (props: BulkProps) => {
  const [open, setOpen] = useState(false)
  const may = useMay("ops:jobs.write")
  const empty = Object.keys(props.filter).length === 0
  const why = may
    ? empty
      ? "Narrow the list first: what is done to all is done to what a filter chooses"
      : ""
    : "Needs the permission ops:jobs.write"
  return (
    <>
      <button type="button" disabled={why !== ""} title={why} onClick={() => setOpen(true)}>
        {props.label ?? "Bulk action"}…
      </button>
      {open ? <Planning {...props} close={() => setOpen(false)} /> : null}
    </>
  )
}
