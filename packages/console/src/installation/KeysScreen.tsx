/** API keys: which machines get in, what each may do, and when it last did. */
import { ApiKeyStatus } from "@dueline/contracts/apiKey/ApiKey"
import type { ApiKeyView } from "@dueline/contracts/apiKey/ApiKeyEndpoints"
import { usePages } from "../backend/usePages.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { DialogButton } from "../parts/ChangeDialog.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"
import { KeyForm } from "./KeyForm.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: ApiKeyStatus.literals },
  { name: "name", label: "Name", type: "text" },
  { name: "workspace", label: "Workspace", type: "text" }
]

const columnsWith = (changed: () => void): readonly [Column<ApiKeyView>, ...ReadonlyArray<Column<ApiKeyView>>] => [
  { head: "Name", cell: ({ name }) => name },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Begins with", cell: ({ prefix }) => <code className="long">{prefix}</code> },
  { head: "Workspace", cell: ({ workspace }) => workspace },
  { head: "May", as: "wide", cell: ({ scopes }) => scopes.join(", ") },
  { head: "Last used", cell: ({ lastUsedAt }) => (lastUsedAt === null ? "never" : <Ago at={lastUsedAt} />) },
  { head: "Ends", cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
  {
    head: "Change",
    cell: (key) => (
      <Actions
        scope="ops:api-keys.write"
        changed={changed}
        of={[
          {
            label: "Revoke",
            why: key.status === "Active" ? null : "It is revoked",
            ask: { text: `${key.name} gets in no more, for good: what uses it fails from now on.`, danger: true },
            question: (api) => api["api-keys"].revoke({ params: { id: key.id }, headers: headersFor(key) }),
            done: "Revoked"
          }
        ]}
      />
    )
  }
]

export const KeysScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), (api, page) =>
    api["api-keys"].list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="API keys"
      actions={
        <>
          <Freshness asked={pages} />
          <DialogButton label="Make a key" scope="ops:api-keys.write" why={null} changed={pages.again}>
            {(close, done) => <KeyForm close={close} changed={done} />}
          </DialogButton>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="API keys, newest first"
        pages={pages}
        columns={columnsWith(pages.again)}
        keyOf={({ id }) => id}
        href={null}
        filtered={Object.keys(values).length > 0}
        nothing={
          <>
            <p>None was made yet. A key is shown once, to whoever makes it:</p>
            <pre>npm run dueline api-key create -- --name web-shop --scope ops:events.write</pre>
          </>
        }
      />
    </Screen>
  )
}
