/** What is asked of customers: one command each. Profiles are sealed here and stand nowhere in clear behind this door. */
import { Principal } from "@dueline/contracts/api/Access"
import { RegisterCustomer, UpdateCustomer } from "@dueline/contracts/api/CustomerRequest"
import { Unavailable } from "@dueline/contracts/api/ProblemError"
import type { CustomerCommand } from "@dueline/contracts/customer/Command"
import type { CustomerId, IdempotencyKey, TenantId } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { PersonalDataVault } from "@dueline/contracts/ports/PersonalDataVault"
import { derivedId } from "@dueline/identity/derivedId"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "../answer.ts"
import { makeAsk, now } from "../asking.ts"
import { CurrentCorrelationId } from "../Correlation.ts"
import { traceparentOf } from "../envelope.ts"
import { discreetProblems } from "../fieldProblems.ts"
import { canonicalRequest } from "../idempotency.ts"
import { jsonBody } from "../jsonBody.ts"
import { noBody } from "../noBody.ts"
import { expectedVersion, ifMatchRequired } from "../preconditions.ts"
import { storeUnavailable } from "../refusal.ts"
import { reject } from "../reject.ts"
import { changedFields, fieldsOf, merge } from "./profile.ts"
import { openProfile, presentCustomer } from "./reads.ts"
import { profileLost, refusedErasure, refusedRegistration, refusedUpdate } from "./refusal.ts"
import { customerPath, customersPath, customerState } from "./view.ts"

interface New {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey }
}

interface Asked extends New {
  readonly params: { readonly id: CustomerId }
  readonly headers: New["headers"] & { readonly "if-match"?: string }
}

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
  Unavailable,
  "overloaded",
  "Too many change this customer at once, and nothing of this change was stored. Ask again after the time in Retry-After."
)

const readNew = jsonBody(RegisterCustomer, discreetProblems)
const readChanges = jsonBody(UpdateCustomer, discreetProblems)

export const makeCustomerCommands = Effect.gen(function* () {
  const ask = yield* makeAsk
  const queries = yield* OpsQueries
  const vault = yield* PersonalDataVault

  const fingerprint = (key: IdempotencyKey | undefined, method: string, route: string, body: unknown) =>
    key === undefined ? null : vault.fingerprint(canonicalRequest(method, route, body))

  const register = Effect.fnUntraced(function* ({ headers, request }: New) {
    const body = yield* readNew(request)
    const { tenantId } = yield* Principal
    const key = headers["idempotency-key"]
    const customerId = key === undefined ? ((yield* randomUuidV7) as CustomerId) : derivedId("customer", tenantId, key)
    const print = fingerprint(key, "POST", customersPath, body)
    const question = { request, headers, name: "register", id: customerId, fingerprint: print, expectedVersion: null }
    const given = yield* ask(question, {
      _tag: "RegisterCustomer",
      customerId,
      at: yield* now,
      fields: fieldsOf(body.profile),
      sealed: yield* Effect.orDie(vault.seal(tenantId, customerId, body.profile, null)),
      fingerprint: print,
      origin: { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request) }
    }).pipe(Effect.catch(refusedRegistration))
    return answer(201, customerState(given), { ...given, location: customerPath(customerId) })
  })

  /**
   * The command for a change of the profile that is there. Without one it changes nothing and is asked all the same: it may be a repeat
   * that came after the customer was erased, and whoever decides knows.
   */
  const updateCommand = Effect.fnUntraced(function* (tenantId: TenantId, customerId: CustomerId, body: UpdateCustomer) {
    const at = yield* now
    const before = yield* queries.profile(tenantId, customerId).pipe(Effect.catch(storeUnavailable))
    const command = { _tag: "UpdateCustomer", customerId, at, fields: [], sealed: before ?? "" } as const
    if (before === null) {
      const { status } = yield* presentCustomer(queries, tenantId, customerId)
      return status === "Erased" ? command : yield* profileLost
    }
    const profile = yield* openProfile(vault, tenantId, customerId, before)
    const after = merge(profile, body.profile)
    const fields = changedFields(profile, after)
    if (fields.length === 0) return command
    const sealed = yield* Effect.orDie(vault.seal(tenantId, customerId, after, before))
    return { ...command, fields, sealed } satisfies CustomerCommand
  })

  const update = Effect.fnUntraced(function* ({ headers, params, request }: Asked) {
    const body = yield* readChanges(request)
    yield* ifMatchRequired(headers["if-match"])
    const { tenantId } = yield* Principal
    const { id } = params
    const present = presentCustomer(queries, tenantId, id)
    const named = yield* expectedVersion(headers["if-match"], present)
    const print = fingerprint(headers["idempotency-key"], "PATCH", customerPath(id), body)
    const attempt = Effect.gen(function* () {
      // The profile that is merged with is the one of this version, or nothing is stored.
      const version = named ?? (yield* present).version
      const question = { request, headers, name: "update-customer", id, fingerprint: print, expectedVersion: version }
      return yield* ask(question, yield* updateCommand(tenantId, id, body)).pipe(Effect.catch(refusedUpdate))
    })
    // `*` means whichever version there is (RFC 9110 § 13.1.1): one that came in between is no reason to refuse.
    const given = yield* named === null ? whichever(attempt) : attempt
    return answer(200, customerState(given), given)
  })

  const erase = Effect.fnUntraced(function* ({ headers, params, request }: Asked) {
    yield* noBody(request)
    const { tenantId } = yield* Principal
    const { id } = params
    const version = yield* expectedVersion(headers["if-match"], presentCustomer(queries, tenantId, id))
    const print = fingerprint(headers["idempotency-key"], "DELETE", customerPath(id), null)
    const question = { request, headers, name: "erase", id, fingerprint: print, expectedVersion: version }
    const given = yield* ask(question, { _tag: "EraseCustomer", customerId: id, at: yield* now }).pipe(
      Effect.catch(refusedErasure)
    )
    return answer(200, customerState(given), given)
  })

  return { erase, register, update }
})
