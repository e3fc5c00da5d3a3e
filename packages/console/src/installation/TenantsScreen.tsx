/** Tenants, for whoever runs the installation. */
import { TenantStatus, type WorkspaceId } from "@dueline/contracts/tenant/Tenant"
import type { TenantView } from "@dueline/contracts/tenant/TenantEndpoints"
import { useState } from "react"
import { usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { ChangeDialog, DialogButton } from "../parts/Dialogs.tsx"
import { Field } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/Named.tsx"
import { Time } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [{ name: "status", label: "State", oneOf: TenantStatus.literals }]

/** The stream of a tenant has the id of its workspace, which is the tenant's own. */
const workspaceOf = ({ id }: TenantView): WorkspaceId => id as string as WorkspaceId

interface TenantProps {
  readonly tenant: TenantView
  readonly changed: () => void
}

const Suspending = ({ changed, close, tenant }: TenantProps & { readonly close: () => void }) => {
  const [reason, setReason] = useState("")
  return (
    <ChangeDialog
      title={`Suspend ${tenant.name}`}
      lead={
        <p>
          Its requests are refused with this reason, and its calls wait until it is resumed. What is on the wire ends.
        </p>
      }
      label="Suspend"
      danger
      ready={reason.trim() !== ""}
      question={({ tenants }) =>
        tenants.suspend({ params: { id: workspaceOf(tenant) }, headers: headersFor(tenant), payload: { reason } })
      }
      done="Suspended"
      close={close}
      changed={changed}
    >
      <Field label="Reason" value={reason} set={setReason} />
    </ChangeDialog>
  )
}

const TenantActions = ({ changed, tenant }: TenantProps) =>
  tenant.status === "Suspended" ? (
    <Actions
      scope="ops:tenants.write"
      changed={changed}
      of={[
        {
          label: "Resume",
          why: null,
          ask: { text: "Calls that have become due meanwhile start at once, in turns with those of others." },
          question: ({ tenants }) =>
            tenants.resume({ params: { id: workspaceOf(tenant) }, headers: headersFor(tenant) }),
          done: "Resumed"
        }
      ]}
    />
  ) : (
    <DialogButton label="Suspend" scope="ops:tenants.write" why={null} changed={changed}>
      {(close, done) => <Suspending tenant={tenant} close={close} changed={done} />}
    </DialogButton>
  )

const columnsWith = (changed: () => void): readonly [Column<TenantView>, ...ReadonlyArray<Column<TenantView>>] => [
  { head: "Tenant", cell: ({ name }) => name },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Workspace", cell: ({ workspace }) => <code>{workspace}</code> },
  { head: "Why suspended", as: "wide", cell: ({ suspendedReason }) => suspendedReason ?? "–" },
  { head: "Made", cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: "Id", cell: ({ id }) => <code title={id}>{shortId(id)}</code> },
  { head: "Change", cell: (tenant) => <TenantActions tenant={tenant} changed={changed} /> }
]

export const TenantsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ tenants }, page) =>
    tenants.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Tenants" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Tenants, newest first"
        pages={pages}
        columns={columnsWith(pages.again)}
        keyOf={({ id }) => id}
        href={null}
        filtered={Object.keys(values).length > 0}
        nothing={<p>There is none.</p>}
      />
    </Screen>
  )
}
