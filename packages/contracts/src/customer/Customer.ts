/**
 * What a customer is, what may be asked of it, what becomes of that, its read model, and what holds between it and others. Apart from who: names, addresses and numbers are
 * personal data, which stands sealed in a place of its own.
 */
import { Schema } from "effect"
import { CorrelationId, CustomerId, EpochMillis, TenantId } from "../Ids.ts"
import type { RowIs, Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"

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

const target = { customerId: CustomerId, at: EpochMillis }
const profile = { fields: Schema.Array(ProfileField), sealed: Schema.String }

/** What may be asked of a customer. `sealed` is the whole profile, encrypted: no command, event or log holds personal data in clear. */
export const CustomerCommand = Schema.TaggedUnion({
  /** `fields` are those the profile has. `fingerprint` is keyed, so that nobody can guess a profile by it. */
  RegisterCustomer: { ...target, ...profile, fingerprint: Schema.NullOr(Schema.String), origin: Origin },
  /** `fields` are those that changed; none is a success that changes nothing. `sealed` is the whole new profile. */
  UpdateCustomer: { ...target, ...profile },
  /** Drops the key and the profile, for ever. */
  EraseCustomer: target
})
export type CustomerCommand = typeof CustomerCommand.Type

/** Facts about a customer, without personal data. Every case is stored for ever: add cases, never edit one. */
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

/** What an accepted command about a customer is answered with. Kept in the receipt, so it holds no personal data. */
export const CustomerOutcome = Schema.TaggedUnion({
  CustomerAccepted: {
    customerId: CustomerId,
    status: CustomerStatus,
    createdAt: EpochMillis,
    updatedAt: EpochMillis
  }
})
export type CustomerOutcome = typeof CustomerOutcome.Type

const about = { customerId: CustomerId }

export class CustomerNotFound extends Schema.TaggedError<CustomerNotFound>()("CustomerNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class CustomerIdTaken extends Schema.TaggedError<CustomerIdTaken>()("CustomerIdTaken", about) {}

/** What was asked needs a customer that is still known. */
export class CustomerIsErased extends Schema.TaggedError<CustomerIsErased>()("CustomerIsErased", about) {}

/** There are scheduled or confirmed orders for the customer: they have to be cancelled or completed first. */
export class CustomerInUse extends Schema.TaggedError<CustomerInUse>()("CustomerInUse", about) {}

/** Why the answer to a command about a customer is no. Nothing was stored. */
export const CustomerRejection = Schema.Union([CustomerNotFound, CustomerIdTaken, CustomerIsErased, CustomerInUse])
export type CustomerRejection = typeof CustomerRejection.Type

/** The problems that the API tells of customers alone, by code. Codes are never renamed or reused. */
export const customerProblems = {
  customer_in_use: { status: 409, title: "There are scheduled or confirmed orders for the customer." },
  customer_unfit: { status: 409, title: "The customer cannot be named here." },
  customer_erased: { status: 410, title: "The customer was erased." },
  profile_lost: { status: 500, title: "The customer's profile is lost." }
} as const

/** The read model of a customer: one row, in step with the events. Knows no personal data. */
export interface CustomerRow {
  readonly _tag: "CustomerRow"
  readonly tenantId: TenantId
  readonly customerId: CustomerId
  readonly version: number
  readonly status: CustomerStatus
  readonly createdAt: EpochMillis
  readonly updatedAt: EpochMillis
  readonly erasedAt: EpochMillis | null
  readonly correlationId: string
}

/** What lists of customers can be filtered by: nothing of their profile, which is sealed. */
export const customerFields = {
  status: { type: "text", read: ({ status }) => status, oneOf: CustomerStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  erasedAt: { type: "instant", read: ({ erasedAt }) => erasedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<CustomerRow>

type Field = keyof typeof customerFields

/** What others may require of a customer. */
export const customerRules = {
  required: ["customer_missing", "customer_erased"],
  unique: [],
  apart: []
} as const satisfies Rules<Field>

/** The customer is there and not erased. */
export const customerActive = (
  customerId: CustomerId
): RowIs<"customer", Field, (typeof customerRules.required)[number]> => ({
  _tag: "RowIs",
  kind: "customer",
  id: customerId,
  missing: "customer_missing",
  unless: [{ field: "status", is: ["Erased"], rule: "customer_erased" }],
  hold: "share"
})

// Public names of facts about customers, and what their messages hold: never personal data.

/** Version 1 of the message on every `ops.customer.*` topic. */
export const CustomerChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  customerId: CustomerId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  status: CustomerStatus,
  /** Which parts of the profile there are now (created) or are different (updated); their contents never leave. */
  fields: Schema.Array(ProfileField),
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "CustomerChanged" })
export type CustomerChanged = typeof CustomerChanged.Type

const created: CustomerChanged = {
  ...common,
  customerId: ids.customerId,
  version: 1,
  status: "Active",
  fields: ["name", "email"],
  occurredAt: minutesLater(0)
}

const later = (version: number, minutes: number, changes: Partial<CustomerChanged>): CustomerChanged => ({
  ...created,
  version,
  occurredAt: minutesLater(minutes),
  ...changes
})

export const customerTopics = {
  "ops.customer.created": topic(CustomerChanged, "A customer was registered.", created),
  "ops.customer.updated": topic(
    CustomerChanged,
    "Parts of a customer's profile changed.",
    later(2, 10, { fields: ["phone"] })
  ),
  "ops.customer.erased": topic(
    CustomerChanged,
    "A customer was erased: the profile cannot be read any more, by anybody.",
    later(3, 99 * 60, { status: "Erased", fields: [] })
  )
} as const

export type CustomerTopic = keyof typeof customerTopics
