/** Flows: calls with one key, how many of them are under way, what bounds them, and letting one wait. */
import type { FlowView } from "@dueline/contracts/flow/FlowEndpoints"
import { FlowStatus } from "@dueline/contracts/flow/Flow"
import { useCallback, useState } from "react"
import { Link } from "wouter"
import { newKey, useAnswer, useEvery, usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton, type DialogOf } from "../parts/Dialogs.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"
import { Pausing } from "./PausesScreen.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "key", label: "Key", type: "text", hint: "stripe" },
  { name: "status", label: "State", oneOf: FlowStatus.literals }
]

const numberOf = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text))

/** Defined again, a flow has other bounds: to change one is the same as to make one. */
const Defining = ({ changed, close, flow }: DialogOf & { readonly flow: FlowView | null }) => {
  const [key, setKey] = useState(flow?.key ?? "")
  const [concurrency, setConcurrency] = useState(String(flow?.concurrency ?? ""))
  const [rate, setRate] = useState(String(flow?.ratePerSecond ?? ""))
  const [atOnce, perSecond] = [numberOf(concurrency), numberOf(rate)]
  return (
    <ChangeDialog
      title={flow === null ? "Define a flow" : `Bounds of ${flow.key}`}
      lead={
        <p>The bounds hold for calls that begin from now on. Where a call brings its own, the stricter one holds.</p>
      }
      label={flow === null ? "Define" : "Change"}
      ready={key.trim() !== "" && [atOnce, perSecond].every((one) => one === undefined || one > 0)}
      question={({ flows }) =>
        flows.define({
          headers: { "idempotency-key": newKey() },
          payload: {
            key: key as never,
            ...(atOnce === undefined ? {} : { concurrency: atOnce as never }),
            ...(perSecond === undefined ? {} : { ratePerSecond: perSecond as never })
          }
        })
      }
      done="Defined"
      close={close}
      changed={changed}
    >
      <label>
        <span>
          Key, as calls name it in <code>flow.key</code>
        </span>
        <input value={key} readOnly={flow !== null} onChange={(event) => setKey(event.target.value)} />
      </label>
      <div className="two">
        <label>
          At once, at the most; empty: no bound
          <input inputMode="numeric" value={concurrency} onChange={(event) => setConcurrency(event.target.value)} />
        </label>
        <label>
          Begun in a second; empty: no bound
          <input inputMode="decimal" value={rate} onChange={(event) => setRate(event.target.value)} />
        </label>
      </div>
    </ChangeDialog>
  )
}

const boundsOf = ({ concurrency, ratePerSecond }: FlowView): string =>
  [
    ...(concurrency === null ? [] : [`${concurrency} at once`]),
    ...(ratePerSecond === null ? [] : [`${ratePerSecond} a second`])
  ].join(", ") || "none of its own"

interface Changing {
  readonly flow: FlowView
  readonly paused: boolean
  readonly changed: () => void
}

const FlowActions = ({ changed, flow, paused }: Changing) => (
  <div className="actions">
    <DialogButton
      label="Pause"
      scope="ops:pauses.write"
      why={paused ? "It is paused: resume it among the pauses" : null}
      changed={changed}
    >
      {(close, done) => <Pausing first={{ of: "flow", key: flow.key }} close={close} changed={done} />}
    </DialogButton>
    <DialogButton label="Bounds" scope="ops:flows.write" why={null} changed={changed}>
      {(close, done) => <Defining flow={flow} close={close} changed={done} />}
    </DialogButton>
    <Actions
      scope="ops:flows.write"
      changed={changed}
      of={[
        {
          label: "Remove",
          why: flow.status === "Active" ? null : "It is removed",
          ask: { text: "Its calls stay; from now on only the bounds count that they bring.", danger: true },
          question: ({ flows }) => flows.remove({ params: { id: flow.id }, headers: headersFor(flow) }),
          done: "Removed"
        }
      ]}
    />
  </div>
)

const columnsWith = (
  paused: ReadonlySet<string>,
  changed: () => void
): readonly [Column<FlowView>, ...ReadonlyArray<Column<FlowView>>] => [
  { head: "Flow", cell: ({ key }) => <code>{key}</code> },
  {
    head: "State",
    cell: ({ key, status }) =>
      paused.has(key) ? (
        <Link href={`/pauses?status=Active&of=flow&key=${encodeURIComponent(key)}`}>
          <Status of="Paused" />
        </Link>
      ) : (
        <Status of={status} />
      )
  },
  { head: "Now", as: "wide", cell: ({ text }) => text },
  { head: "Bounds", cell: boundsOf },
  { head: "Changed", cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
  { head: "Change", cell: (flow) => <FlowActions flow={flow} paused={paused.has(flow.key)} changed={changed} /> }
]

const lookMs = 5_000

export const FlowsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ flows }, page) =>
    flows.list({ query: { ...page, ...values } as never })
  )
  const held = useAnswer(
    "flows",
    ({ pauses }) => pauses.list({ query: { of: "flow", status: "Active", limit: 100 } as never }),
    lookMs
  )
  const paused = new Set((held.value?.items ?? []).flatMap(({ key }) => (key === null ? [] : [key])))
  const changed = () => {
    pages.again()
    held.again()
  }
  // What is under way is read again while somebody looks; a list that was read further stays as it is.
  const { again } = pages
  const look = useCallback(() => document.querySelector("dialog") === null && again(), [again])
  useEvery(pages.rows.length <= 50 && !pages.asking ? lookMs : null, look)
  return (
    <Screen
      title="Flows"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Define a flow" scope="ops:flows.write" why={null} changed={changed}>
            {(close, done) => <Defining flow={null} close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Flows, newest first"
        pages={pages}
        columns={columnsWith(paused, changed)}
        keyOf={({ id }) => id}
        href={null}
        filtered={Object.keys(values).length > 0}
        nothing={
          <p>
            None is defined. Calls that name a <code>flow</code> bring their own bounds; one that is defined here bounds
            all calls with its key.
          </p>
        }
      />
    </Screen>
  )
}
