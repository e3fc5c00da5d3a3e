/** What a tenant answers: it is made once, and its workspace is nobody else's. */
import { assert, describe, it } from "@effect/vitest"
import {
  OtherWorkspace,
  TenantDeleted,
  type TenantEvent,
  TenantNotFound,
  WorkspaceTaken
} from "@dueline/contracts/tenant/Tenant"
import { Tenant } from "../src/aggregates/Tenant.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import { envelope, origin, t0, tenantId } from "./FieldSample.ts"
import { given } from "./given.ts"
import { create, remove, rename, resume, suspend, workspaceId } from "./TenantSteps.ts"

const created: TenantEvent = {
  _tag: "TenantCreated",
  workspace: "acme",
  name: "Acme Waste",
  createdAt: t0,
  fingerprint: "f1",
  origin
}
const suspended: TenantEvent = { _tag: "TenantSuspended", reason: "unpaid" }
const taken = new WorkspaceTaken({ workspaceId, workspace: "acme" })

describe("a tenant", () => {
  it("is made once: only the request that made it may ask again", () => {
    given(Tenant, []).when(create()).then([created])
    given(Tenant, [created]).when(create()).then([])
    given(Tenant, [created]).when(create("f2")).thenRejected(taken)
    given(Tenant, [{ ...created, fingerprint: null }])
      .when(create(null))
      .thenRejected(taken)
    given(Tenant, []).when(rename("x")).thenRejected(new TenantNotFound({ workspaceId }))
  })

  it("is suspended for a reason, for another one, and resumed; asked twice it changes nothing", () => {
    given(Tenant, [created]).when(suspend()).then([suspended])
    given(Tenant, [created, suspended]).when(suspend()).then([])
    given(Tenant, [created, suspended])
      .when(suspend("fraud"))
      .then([{ _tag: "TenantSuspended", reason: "fraud" }])
    given(Tenant, [created, suspended])
      .when(resume())
      .then([{ _tag: "TenantResumed" }])
    given(Tenant, [created]).when(resume()).then([])
    given(Tenant, [created])
      .when(rename("Acme Group"))
      .then([{ _tag: "TenantRenamed", name: "Acme Group" }])
  })

  it("is deleted by who names its workspace, once and for ever, and its workspace is not given again", () => {
    const deleting: TenantEvent = { _tag: "TenantDeletionBegun", exported: true }
    const erased: TenantEvent = { _tag: "TenantErased", workspace: "deleted-x", erasedAt: t0 }
    const deleted = new TenantDeleted({ workspaceId })
    given(Tenant, [created, suspended]).when(remove()).then([deleting])
    given(Tenant, [created]).when(remove("other")).thenRejected(new OtherWorkspace({ workspaceId }))
    for (const past of [[created, deleting], [erased]]) {
      given(Tenant, past).when(remove()).then([])
      for (const command of [create(), create("f2"), rename("x"), suspend(), resume()])
        given(Tenant, past).when(command).thenRejected(deleted)
    }
  })

  it("has a row that says so, in the tenant itself", () => {
    const on = new AggregateUnderTest(Tenant, (command) => envelope(command))
    on.ask(create())
    on.ask(suspend())
    const row = on.turns.at(-1)?.commit?.row
    assert.deepInclude(row as object, {
      tenantId,
      workspaceId,
      status: "Suspended",
      suspendedReason: "unpaid",
      version: 2
    })
  })
})
