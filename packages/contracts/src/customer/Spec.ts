/** What a customer is, apart from who: names, addresses and numbers are personal data, which stands sealed in a place of its own. */
import { Schema } from "effect"

export const CustomerStatus = Schema.Literals(["Active", "Erased"])
export type CustomerStatus = typeof CustomerStatus.Type

/** The fields a profile may have. Events say which of them changed, never what they hold. */
export const ProfileField = Schema.Literals(["name", "email", "phone", "address", "notes"])
export type ProfileField = typeof ProfileField.Type

const text = (max: number) => Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(max))

/** Personal data of one customer. Exists in clear only at the edge, between decoding and sealing or opening and answering. */
export const CustomerProfile = Schema.Struct({
  name: text(200),
  email: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^[^\s@]{1,64}@[^\s@]{1,255}$/u, {
        description: "an e-mail address",
        examples: ["jo@example.com"]
      })
    )
  ),
  phone: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^\+?[0-9 ()/.-]{3,40}$/u, { description: "a telephone number", examples: ["+420 601 123 456"] })
    )
  ),
  address: Schema.optionalKey(text(500)),
  notes: Schema.optionalKey(text(2_000))
}).annotate({ identifier: "CustomerProfile" })
export type CustomerProfile = typeof CustomerProfile.Type
