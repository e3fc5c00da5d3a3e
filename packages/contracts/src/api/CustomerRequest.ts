/** What is sent to register or change a customer. */
import { Schema } from "effect"
import { CustomerProfile } from "../customer/Spec.ts"

export const RegisterCustomer = Schema.Struct({ profile: CustomerProfile }).annotate({ identifier: "RegisterCustomer" })
export type RegisterCustomer = typeof RegisterCustomer.Type

const { address, email, name, notes, phone } = CustomerProfile.fields
const removable = <S extends Schema.Constraint>(field: S) => Schema.optionalKey(Schema.NullOr(field))

export const ProfileChanges = Schema.Struct({
  name: Schema.optionalKey(name),
  email: removable(email.schema),
  phone: removable(phone.schema),
  address: removable(address.schema),
  notes: removable(notes.schema)
}).annotate({
  identifier: "ProfileChanges",
  description: "What is left out stays as it is; null takes a field away. A name there is always"
})
export type ProfileChanges = typeof ProfileChanges.Type

export const UpdateCustomer = Schema.Struct({ profile: ProfileChanges }).annotate({ identifier: "UpdateCustomer" })
export type UpdateCustomer = typeof UpdateCustomer.Type
