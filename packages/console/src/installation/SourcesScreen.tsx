/** Courier sources: whose signed events are taken in, and with how many secrets. */
import { SourceStatus } from "@dueline/contracts/courierSource/CourierSource"
import type { CourierSourceView } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { SchemePreset } from "@dueline/contracts/courierSource/SignatureScheme"
import { Effect } from "effect"
import { useState } from "react"
import { newKey, usePages } from "../backend/asking.ts"
import { headersFor } from "../parts/Actions.tsx"
import { DialogButton, type DialogOf, IssueDialog } from "../parts/Dialogs.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"

const scope = "ops:courier-sources.write"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: SourceStatus.literals },
  { name: "name", label: "Name", type: "text" }
]

const columnsWith = (
  changed: () => void
): readonly [Column<CourierSourceView>, ...ReadonlyArray<Column<CourierSourceView>>] => [
  { head: "Source", cell: ({ name }) => name },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Signs in", cell: ({ scheme }) => <code>{scheme.signature.header}</code> },
  { head: "Secrets", as: "number", cell: ({ secrets }) => secrets.length },
  { head: "Newest secret", cell: ({ secrets }) => <Ago at={secrets[0]?.createdAt} /> },
  { head: "Sends to", as: "wide", cell: ({ links }) => <code>{links.events}</code> },
  {
    head: "Change",
    cell: (source) => (
      <DialogButton
        label="Another secret"
        scope={scope}
        why={source.status === "Active" ? null : "It is disabled"}
        changed={changed}
      >
        {(close, done) => <NewSourceSecret source={source} close={close} changed={done} />}
      </DialogButton>
    )
  }
]

export const SourcesScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), (api, page) =>
    api["courier-sources"].list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="Courier sources"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Make a source" scope={scope} why={null} changed={pages.again}>
            {(close, done) => <NewSource close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Courier sources, newest first"
        pages={pages}
        columns={columnsWith(pages.again)}
        keyOf={({ id }) => id}
        href={({ id }) => `/ingestion?sourceId=${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>There is none yet: a courier's events are taken in once it has a source with a secret.</p>}
      />
    </Screen>
  )
}

/** A courier source is made, or gets another secret. */
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
