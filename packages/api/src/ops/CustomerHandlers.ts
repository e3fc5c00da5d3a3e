/**
 * Customers over HTTP. A profile is sealed here and stands nowhere in clear behind this door; the detail is the one place where it is opened
 * to be shown.
 */
import type { CorrelationId, CustomerId, TenantId } from "@dueline/contracts/Ids"
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { etagOf, formatInstant } from "@dueline/contracts/api/Wire"
import {
  type CustomerCommand,
  type CustomerProfile,
  type CustomerRejection,
  type CustomerRow,
  ProfileField
} from "@dueline/contracts/customer/Customer"
import type {
  Customer,
  CustomerState,
  CustomerSummary,
  ProfileChanges,
  UpdateCustomer
} from "@dueline/contracts/customer/CustomerEndpoints"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { PersonalDataVault } from "@dueline/contracts/ports/Vaults"
import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { discreetly } from "../requests/fieldProblems.ts"
import { keyReused, notFound, type Refusals, reject, storeUnavailable } from "../requests/refusal.ts"
import { canonicalRequest, now, type Raw } from "../resources/asking.ts"
import { expectedVersion, isKnown, unchanged } from "../resources/preconditions.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { leanGroup } from "../server/leanGroup.ts"

type Shown = Pick<CustomerRow, "customerId" | "status" | "createdAt" | "updatedAt" | "version">

const shown = ({ createdAt, customerId, status, updatedAt, version }: Shown): CustomerState => ({
  id: customerId,
  status,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
  version,
  links: { self: `/ops/customers/${customerId}` }
})

const summaryOf = (row: CustomerRow): CustomerSummary => ({
  ...shown(row),
  erasedAt: row.erasedAt === null ? null : formatInstant(row.erasedAt),
  correlationId: row.correlationId as CorrelationId
})

/** Nobody on the way keeps a copy. By hand, so that a profile sealed under milder rules than today's can be shown too. */
const withProfile = (row: CustomerRow, profile: CustomerProfile | null): HttpServerResponse.HttpServerResponse => {
  const customer: Customer = { ...summaryOf(row), profile }
  return HttpServerResponse.text(JSON.stringify(customer), {
    headers: { etag: etagOf(row.version), "cache-control": "no-store" },
    contentType: "application/json"
  })
}

const erased = {
  code: "customer_erased",
  advice: "Register a new customer: what was known of this one is gone for good.",
  existing: true
} as const

const refusals = {
  CustomerNotFound: notFound("customer_not_found"),
  CustomerIdTaken: keyReused,
  CustomerIsErased: erased,
  CustomerInUse: {
    code: "customer_in_use",
    advice: "Cancel or complete the customer's scheduled and confirmed orders first; list them with `?customerId=`.",
    existing: true
  }
} as const satisfies Refusals<CustomerRejection>

const gone = reject(erased.code, erased.advice)

/** Not the answer of an erased customer, who has an event that says so: this one's profile should be there. */
const profileLost = reject(
  "profile_lost",
  "The profile is gone from the store, or damaged, though the customer was not erased: have it restored from a backup. `dueline verify` " +
    "finds every such customer. Orders and history are not touched."
)

const lost = (tenantId: TenantId, customerId: CustomerId, reason: string) =>
  Effect.andThen(Effect.logError("a customer's profile is lost", { tenantId, customerId, reason }), profileLost)

/** What was sealed and does not open any more is lost too. */
const openProfile = (vault: PersonalDataVault["Service"], tenantId: TenantId, customerId: CustomerId, sealed: string) =>
  Effect.catch(vault.open(tenantId, customerId, sealed), ({ detail }) => lost(tenantId, customerId, detail))

const makeCustomerReads = makeReads("customer")
type Reads = Effect.Success<typeof makeCustomerReads>

const makeGet = ({ at, present }: Reads) =>
  Effect.gen(function* () {
    const queries = yield* OpsQueries
    const vault = yield* PersonalDataVault

    const profileOf = Effect.fnUntraced(function* ({ customerId, status, tenantId }: CustomerRow) {
      if (status === "Erased") return yield* gone
      const sealed = yield* queries.sealed("customer", tenantId, customerId).pipe(Effect.catch(storeUnavailable))
      if (sealed !== null) return yield* openProfile(vault, tenantId, customerId, sealed)
      // Erased just now, or lost. Erasing is final, so that a row which is still active says what was the case before too.
      const again = yield* present(tenantId, customerId)
      return yield* again.status === "Erased" ? gone : lost(tenantId, customerId, "it is not in the store")
    })

    return Effect.fnUntraced(function* ({ headers, params, query }: Raw<"customers", "get">) {
      const { tenantId } = yield* Principal
      const known = headers["if-none-match"]
      if (query.asOf !== undefined) {
        const past = yield* at(tenantId, params.id, query.asOf)
        return (yield* isKnown(known, past.version)) ? unchanged(past.version) : withProfile(past, null)
      }
      // The row first: a profile newer than its version makes the next change stale, an older one would be overwritten.
      const row = yield* present(tenantId, params.id)
      const profile = yield* profileOf(row)
      return (yield* isKnown(known, row.version)) ? unchanged(row.version) : withProfile(row, profile)
    })
  })

/** How often a change under `If-Match: *` is merged anew because another came in between. */
const maxMerges = 100

/** Asks anew as long as another change comes in between. */
const whichever = <A, E extends { readonly _tag: string }, R>(attempt: Effect.Effect<A, E, R>) =>
  Effect.retry(attempt, { times: maxMerges, while: ({ _tag }) => _tag === "PreconditionFailed" }).pipe(
    Effect.catchIf(
      ({ _tag }) => _tag === "PreconditionFailed",
      () => crowded
    )
  )

const crowded = reject(
  "overloaded",
  "Too many change this customer at once, and nothing of this change was stored. Ask again after the time in Retry-After."
)

const makeCommands = ({ present }: Reads) =>
  Effect.gen(function* () {
    const queries = yield* OpsQueries
    const vault = yield* PersonalDataVault
    const { change, create, writing } = yield* makeWrites("customer", {
      refusals,
      present,
      state: (_tenantId, { outcome, version }) => shown({ ...outcome, version }),
      fingerprint: (method, route, body) => vault.fingerprint(canonicalRequest(method, route, body)),
      telling: discreetly
    })

    /**
     * The command for a change of the profile that is there. Without one it changes nothing and is asked all the same: it may be a repeat
     * that came after the customer was erased, and whoever decides knows.
     */
    const updateCommand = Effect.fnUntraced(function* (
      tenantId: TenantId,
      customerId: CustomerId,
      body: UpdateCustomer
    ) {
      const at = yield* now
      const before = yield* queries.sealed("customer", tenantId, customerId).pipe(Effect.catch(storeUnavailable))
      const command = { _tag: "UpdateCustomer", customerId, at, fields: [], sealed: before ?? "" } as const
      if (before === null) {
        const { status } = yield* present(tenantId, customerId)
        return status === "Erased" ? command : yield* profileLost
      }
      const profile = yield* openProfile(vault, tenantId, customerId, before)
      const after = merge(profile, body.profile)
      const fields = changedFields(profile, after)
      if (fields.length === 0) return command
      const sealed = yield* Effect.orDie(vault.seal(tenantId, customerId, after, before))
      return { ...command, fields, sealed } satisfies CustomerCommand
    })

    const updating = writing("update", { as: "update-customer" })

    return {
      register: create("register", {
        as: "register",
        command: ({ at, body, fingerprint, id, origin, tenantId }) =>
          Effect.map(Effect.orDie(vault.seal(tenantId, id, body.profile, null)), (sealed) => ({
            _tag: "RegisterCustomer",
            customerId: id,
            at,
            fields: fieldsOf(body.profile),
            sealed,
            fingerprint,
            origin
          }))
      }),
      update: Effect.fnUntraced(function* (sent: Raw<"customers", "update">) {
        const body = yield* updating.read(sent)
        const { tenantId } = yield* Principal
        const { id } = sent.params
        const presentOne = present(tenantId, id)
        const named = yield* expectedVersion(sent.headers["if-match"], presentOne)
        const attempt = Effect.gen(function* () {
          // The profile that is merged with is the one of this version, or nothing is stored.
          const version = named ?? (yield* presentOne).version
          const command = yield* updateCommand(tenantId, id, body)
          return updating.answer(tenantId, yield* updating.ask(sent, body, command, version), command)
        })
        // `*` means whichever version there is (RFC 9110 § 13.1.1): one that came in between is no reason to refuse.
        return yield* named === null ? whichever(attempt) : attempt
      }),
      erase: change("erase", {
        as: "erase",
        except: ["CustomerIsErased"],
        command: ({ at, id }) => ({ _tag: "EraseCustomer", customerId: id, at })
      })
    }
  })

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const reads = yield* makeCustomerReads
    const get = yield* makeGet(reads)
    const { erase, register, update } = yield* makeCommands(reads)
    const list = reads.list(({ status }: Raw<"customers", "list">["query"]) => equals({ status }), summaryOf)
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "customers", (handlers) =>
        handlers
          .handleRaw("register", register)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("update", update)
          .handle("erase", erase)
      )
    )
  })
)

/** What becomes of a profile when some of it is changed. */
export const fieldsOf = (profile: CustomerProfile): ReadonlyArray<ProfileField> =>
  ProfileField.literals.filter((field) => profile[field] !== undefined)

/** What is left out stays, null takes away (RFC 7396). */
export const merge = (profile: CustomerProfile, changes: ProfileChanges): CustomerProfile => ({
  ...Object.fromEntries(
    ProfileField.literals.flatMap((field) => {
      const value = changes[field] === undefined ? profile[field] : changes[field]
      return value === undefined || value === null ? [] : [[field, value]]
    })
  ),
  name: changes.name ?? profile.name
})

export const changedFields = (before: CustomerProfile, after: CustomerProfile): ReadonlyArray<ProfileField> =>
  ProfileField.literals.filter((field) => before[field] !== after[field])
