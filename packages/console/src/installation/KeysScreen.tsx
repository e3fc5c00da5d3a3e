/**
 * API keys: which machines get in, what each may do, and when it last did. An API key is made: what it may do, and for how long. It may no more
 * than who makes it, and the form says why not.
 */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { leastRole } from "@dueline/contracts/api/roles"
import { ApiKeyStatus } from "@dueline/contracts/apiKey/ApiKey"
import type { ApiKeyView } from "@dueline/contracts/apiKey/ApiKeyEndpoints"
import { Effect } from "effect"
import { useState } from "react"
import { newKey, usePages } from "../backend/asking.ts"
import { type Session, signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { DialogButton, type DialogOf, IssueDialog } from "../parts/Dialogs.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"
import { conditionWords } from "./conditionWords.ts"

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
