/** Turns a customer's profile into text that nobody can read, and back. Each customer has a key of its own, itself under seal. */
import { Context, type Effect } from "effect"
import type { CustomerProfile } from "../customer/Customer.ts"
import type { CustomerId, TenantId } from "../Ids.ts"
import type { SealBroken } from "./RequestVault.ts"

export class PersonalDataVault extends Context.Service<
  PersonalDataVault,
  {
    /**
     * `<sealed key>.<sealed profile>`, both base64url: dropping the first makes every copy of the second unreadable. Bound to tenant and
     * customer: it cannot be opened as another's. `before`: the customer's sealed text so far, whose key is kept.
     */
    readonly seal: (
      tenantId: TenantId,
      customerId: CustomerId,
      profile: CustomerProfile,
      before: string | null
    ) => Effect.Effect<string, SealBroken>
    readonly open: (
      tenantId: TenantId,
      customerId: CustomerId,
      sealed: string
    ) => Effect.Effect<CustomerProfile, SealBroken>
    /** What makes two requests with personal data the same, without letting anyone guess them: a keyed hash (HMAC-SHA-256), base64url. */
    readonly fingerprint: (text: string) => string
  }
>()("@dueline/contracts/ports/PersonalDataVault") {}
