/** Facts about a customer, without personal data. Every case is stored for ever: add cases, never edit one. */
import { Schema } from "effect"
import { EpochMillis } from "../Ids.ts"
import { Origin } from "../serviceCall/Spec.ts"
import { ProfileField } from "./Spec.ts"

export const CustomerEvent = Schema.TaggedUnion({
  CustomerRegistered: {
    fields: Schema.Array(ProfileField),
    registeredAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  CustomerUpdated: { fields: Schema.Array(ProfileField) },
  CustomerErased: {}
})
export type CustomerEvent = typeof CustomerEvent.Type
