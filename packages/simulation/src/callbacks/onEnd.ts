/** Whom the ends of calls are told in a world, and with what each tenant's requests are signed. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { WholeRequest } from "@dueline/contracts/ports/Vaults"
import type { Spec } from "@dueline/contracts/serviceCall/Spec"
import type { Dice } from "../world/Dice.ts"

export const secretOf = (tenantId: string): string => `whsec_${Buffer.from(tenantId).toString("base64")}`

/** The URL ends in the tenant, as all do. */
export const withCallback = (
  spec: Spec,
  dice: Dice,
  tenantId: TenantId
): { readonly spec: Spec; readonly onEnd?: NonNullable<WholeRequest["onEnd"]> } => {
  if (!dice.chance(0.6)) return { spec }
  const url = `https://target.test/${dice.pick(["end", "other-end"])}/${tenantId}`
  const on = dice.pick(["ended", "ended", "failed"] as const)
  return { spec: { ...spec, onEnd: { url, on } }, onEnd: { url, headers: {} } }
}
