/** Courier sources: whose signed events are taken in, and with how many secrets. */
import { SourceStatus } from "@dueline/contracts/courierSource/CourierSource"
import type { CourierSourceView } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { usePages } from "../backend/usePages.ts"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"
import { NewSource, NewSourceSecret } from "./SourceForms.tsx"

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
