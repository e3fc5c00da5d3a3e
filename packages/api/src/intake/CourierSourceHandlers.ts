/** Courier sources over HTTP. A secret is sealed here; what it is stands in the answer to the request that made it, and nowhere else. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant, parseDelay } from "@dueline/contracts/api/Wire"
import {
  type CourierSourceCommand,
  type CourierSourceFacts,
  type CourierSourceId,
  type CourierSourceRejection,
  type CourierSourceRow,
  defaultToleranceMs
} from "@dueline/contracts/courierSource/CourierSource"
import {
  type CourierSourceIssued,
  type CourierSourceState,
  type CourierSourceView,
  defaultOverlap
} from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { schemePresets, type SignatureScheme } from "@dueline/contracts/courierSource/SignatureScheme"
import type { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import { courierSecretContext, PersonalDataVault, SecretVault } from "@dueline/contracts/ports/Vaults"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { drawSecret, keyOf } from "@dueline/secrets/requestSignature"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { canonicalRequest, now, type Raw } from "../resources/asking.ts"
import { discreetly } from "../requests/fieldProblems.ts"
import { KnownSources } from "./KnownSources.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { expectedVersion } from "../resources/preconditions.ts"
import { keyReused, notFound, type Refusals } from "../requests/refusal.ts"
import { invalidRequest } from "../requests/requestBody.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"

const shown = (id: CourierSourceId, source: CourierSourceFacts, version: number): CourierSourceState => ({
  id,
  name: source.name,
  scheme: source.scheme,
  toleranceMs: source.toleranceMs,
  status: source.status,
  secrets: source.secrets.map(({ createdAt, secretId, validUntil }) => ({
    id: secretId,
    createdAt: formatInstant(createdAt),
    validUntil: validUntil === null ? null : formatInstant(validUntil)
  })),
  createdAt: formatInstant(source.createdAt),
  updatedAt: formatInstant(source.updatedAt),
  version,
  links: { self: `/ops/courier-sources/${id}`, events: `/v1/events/courier/${id}` }
})

const viewOf = (row: CourierSourceRow): CourierSourceView => ({
  ...shown(row.courierSourceId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const refusals = {
  CourierSourceNotFound: notFound("courier_source_not_found"),
  CourierSourceIdTaken: keyReused,
  SourceNameTaken: {
    code: "source_name_taken",
    advice: "Find the other source with `?name=`, or give this one another name."
  },
  CourierSourceIsDisabled: {
    code: "source_disabled",
    advice: "Create another source: nothing about this one changes any more.",
    existing: true
  }
} as const satisfies Refusals<CourierSourceRejection>

const misshapen = invalidRequest([
  { path: "body.secret", message: "has not the form that the scheme asks for: see `scheme.secret`" }
])

type Issuing = Extract<CourierSourceCommand, { readonly sealed: string }>

const makeOperations = Effect.gen(function* () {
  const vault = yield* SecretVault
  const keyed = yield* PersonalDataVault
  const reads = yield* makeReads("courier-source")
  const known = yield* KnownSources

  /** What the secret in a command is, as long as the request for it is under way. */
  const clear = new WeakMap<CourierSourceCommand, string>()

  /** A command that brings a secret, the one that was given or a new one. */
  const issuing = Effect.fnUntraced(function* (
    tenantId: TenantId,
    id: CourierSourceId,
    scheme: SignatureScheme,
    given: string | undefined,
    commandOf: (sealed: { readonly secretId: string; readonly sealed: string }) => Issuing
  ) {
    if (given !== undefined && keyOf(scheme, given) === null) return yield* misshapen
    const secret = given ?? drawSecret(scheme)
    const secretId = yield* randomUuidV7
    const sealed = vault.seal(secret, courierSecretContext(tenantId, id, secretId))
    const command = commandOf({ secretId, sealed })
    clear.set(command, secret)
    return command
  })

  const { change, create, writing } = yield* makeWrites("courier-source", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { courierSourceId, source }, version }, command) => {
      const state = shown(courierSourceId, source, version)
      if (command._tag === "DisableCourierSource") return state
      // A repeat brings a secret that was not kept: the newest is that of the first time.
      const kept = source.secrets[0]?.secretId === command.secretId
      return { ...state, secret: kept ? (clear.get(command) ?? null) : null } satisfies CourierSourceIssued
    },
    // A secret that was given is in the body: neither a hash that can be guessed nor a problem may tell of it.
    fingerprint: (method, route, body) => keyed.fingerprint(canonicalRequest(method, route, body)),
    telling: discreetly
  })

  const rotating = writing("rotate", { as: "rotate-courier-secret", bodyOptional: true })

  const disable = change("disable", {
    as: "disable-courier-source",
    except: ["CourierSourceIsDisabled"],
    command: ({ at, id }) => ({ _tag: "DisableCourierSource", courierSourceId: id, at })
  })

  return {
    list: reads.list(({ name, status }: Raw<"courier-sources", "list">["query"]) => equals({ name, status }), viewOf),
    get: reads.get(viewOf),
    create: create("create", {
      as: "create-courier-source",
      command: ({ at, body, fingerprint, id, origin, tenantId }) => {
        const { name, toleranceMs = defaultToleranceMs } = body
        const scheme = typeof body.scheme === "string" ? schemePresets[body.scheme] : body.scheme
        return issuing(tenantId, id, scheme, body.secret, (sealed) => ({
          _tag: "CreateCourierSource",
          courierSourceId: id,
          at,
          source: { name, scheme, toleranceMs },
          ...sealed,
          fingerprint,
          origin
        }))
      }
    }),
    rotate: Effect.fnUntraced(function* (sent: Raw<"courier-sources", "rotate">) {
      const body = yield* rotating.read(sent)
      const { tenantId } = yield* Principal
      const { id } = sent.params
      const at = yield* now
      const present = reads.present(tenantId, id)
      const { scheme } = yield* present
      const overlapMs = parseDelay(body.overlap ?? defaultOverlap, "down")
      const command = yield* issuing(tenantId, id, scheme, body.secret, (sealed) => ({
        _tag: "RotateCourierSecret",
        courierSourceId: id,
        at,
        ...sealed,
        overlapMs
      }))
      const version = yield* expectedVersion(sent.headers["if-match"], present)
      const given = yield* rotating.ask(sent, body, command, version)
      known.forget(id)
      return rotating.answer(tenantId, given, command)
    }),
    disable: (sent: Raw<"courier-sources", "disable">) =>
      Effect.tap(disable(sent), () => Effect.sync(() => known.forget(sent.params.id)))
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, disable, get, list, rotate } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "courier-sources", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("rotate", rotate)
          .handle("disable", disable)
      )
    )
  })
)
