/** A tenant to tell stories about, and random stories of it. */
import { type TenantCommand, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0, tenantId } = Field
export const workspaceId = workspaceOf(tenantId)

export const create = (fingerprint: string | null = "f1", at = 0): TenantCommand => ({
  _tag: "CreateTenant",
  workspaceId,
  at: ms(t0 + at),
  workspace: "acme",
  name: "Acme Waste",
  fingerprint,
  origin
})
export const rename = (name: string, at = 1): TenantCommand => ({
  _tag: "RenameTenant",
  workspaceId,
  at: ms(t0 + at),
  name
})
export const suspend = (reason = "unpaid", at = 2): TenantCommand => ({
  _tag: "SuspendTenant",
  workspaceId,
  at: ms(t0 + at),
  reason
})
export const resume = (at = 3): TenantCommand => ({ _tag: "ResumeTenant", workspaceId, at: ms(t0 + at) })

export const remove = (workspace = "acme", at = 4): TenantCommand => ({
  _tag: "DeleteTenant",
  workspaceId,
  at: ms(t0 + at),
  workspace,
  exported: true
})

const TenantStep = Schema.Struct({
  what: Schema.Literals(["create", "create", "rename", "suspend", "suspend", "resume", "resume", "delete"]),
  word: Schema.Literals(["one", "two"]),
  wait: Schema.Literals([0, 1_000])
})
export const TenantStory = Schema.Array(TenantStep)

const tenantCommand = ({ what, word }: typeof TenantStep.Type, at: number): TenantCommand => {
  switch (what) {
    case "create":
      return create(word, at)
    case "rename":
      return rename(word, at)
    case "suspend":
      return suspend(word, at)
    case "resume":
      return resume(at)
    case "delete":
      return remove(word === "one" ? "acme" : "other", at)
  }
}

export const tenantCommands = (story: typeof TenantStory.Type): ReadonlyArray<TenantCommand> => {
  let at = 0
  return story.map((step) => tenantCommand(step, (at += step.wait)))
}
