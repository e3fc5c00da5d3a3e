/** What may be asked of a customer. `sealed` is the whole profile, encrypted: no command, event or log holds personal data in clear. */
import { Schema } from "effect"
import { CustomerId, EpochMillis } from "../Ids.ts"
import { Origin } from "../serviceCall/Spec.ts"
import { ProfileField } from "./Spec.ts"

const target = { customerId: CustomerId, at: EpochMillis }
const profile = { fields: Schema.Array(ProfileField), sealed: Schema.String }

export const CustomerCommand = Schema.TaggedUnion({
  /** `fields` are those the profile has. `fingerprint` is keyed, so that nobody can guess a profile by it. */
  RegisterCustomer: { ...target, ...profile, fingerprint: Schema.NullOr(Schema.String), origin: Origin },
  /** `fields` are those that changed; none is a success that changes nothing. `sealed` is the whole new profile. */
  UpdateCustomer: { ...target, ...profile },
  /** Drops the key and the profile, for ever. */
  EraseCustomer: target
})
export type CustomerCommand = typeof CustomerCommand.Type
