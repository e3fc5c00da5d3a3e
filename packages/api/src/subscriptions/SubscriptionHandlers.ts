/** Subscriptions over HTTP. A secret is sealed here; what it is stands in the answer to the request that made it, and nowhere else. */
import { Api } from "@dueline/contracts/api/Api"
import { parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import { defaultOverlap } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { PersonalDataVault, SecretVault, subscriptionContext } from "@dueline/contracts/ports/Vaults"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { Flow } from "@dueline/contracts/serviceCall/Spec"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { urlPart } from "@dueline/contracts/subscription/sealedParts"
import type {
  SubscriptionCommand,
  SubscriptionId,
  SubscriptionRejection
} from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionIssued } from "@dueline/contracts/subscription/SubscriptionBodies"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { drawSecret } from "@dueline/secrets/requestSignature"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { discreetly } from "../requests/fieldProblems.ts"
import { keyReused, notFound, type Refusals, storeUnavailable } from "../requests/refusal.ts"
import { invalidRequest } from "../requests/requestBody.ts"
import { canonicalRequest, type Raw } from "../resources/asking.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { looked, lookedAddress, shown, viewOf, waitingView } from "./subscriptionTerms.ts"

/** Subscriptions that a tenant may have: each message is held against all of them. */
export const maxSubscriptions = 100

const refusals = {
  SubscriptionNotFound: notFound("subscription_not_found"),
  SubscriptionIdTaken: keyReused,
  SubscriptionIsDeleted: {
    code: "subscription_deleted",
    advice: "Make another subscription: this one is deleted.",
    existing: true
  },
  SubscriptionIsDisabled: {
    code: "subscription_disabled",
    advice: "Mend the endpoint, then enable the subscription.",
    existing: true
  },
  RedeliveryUnderWay: {
    code: "redelivery_under_way",
    advice: "Wait until `redelivery.done` is true.",
    existing: true
  }
} as const satisfies Refusals<SubscriptionRejection>

const notDeleted: Specification = { _tag: "Not", not: { _tag: "Equals", field: "status", value: "Deleted" } }

const conditions = ({ name, status }: Raw<"subscriptions", "list">["query"]): ReadonlyArray<Specification> =>
  status === undefined ? [...equals({ name }), notDeleted] : equals({ name, status })

const flowOf = ({ flow }: { readonly flow?: Flow }) => (flow === undefined ? {} : { flow })

const tooMany = invalidRequest([
  { path: "body", message: `There are ${maxSubscriptions} subscriptions already: delete one, or join topics in one` }
])
const backwards = invalidRequest([{ path: "body.to", message: "is before `from`" }])

const makeOperations = Effect.gen(function* () {
  const vault = yield* SecretVault
  const keyed = yield* PersonalDataVault
  const intake = yield* RequestIntake
  const queries = yield* OpsQueries
  const lines = yield* DeliveryQueries
  const reads = yield* makeReads("subscription")

  /** What the secret in a command is, as long as the request for it is under way. */
  const clear = new WeakMap<SubscriptionCommand, string>()

  /** A command that brings a new secret. */
  const issuing = <C extends SubscriptionCommand>(
    tenantId: TenantId,
    id: SubscriptionId,
    commandOf: (sealed: { readonly secretId: string; readonly sealed: string }) => C
  ) =>
    Effect.map(randomUuidV7, (secretId) => {
      const secret = drawSecret(schemePresets["standard-webhooks"])
      const command = commandOf({ secretId, sealed: vault.seal(secret, subscriptionContext(tenantId, id, secretId)) })
      clear.set(command, secret)
      return command
    })

  /** As it is shown, and as it is kept. */
  const address = (tenantId: TenantId, id: SubscriptionId, url: string) =>
    Effect.map(lookedAddress(intake, tenantId, id, url), (shownUrl) => ({
      url: shownUrl,
      sealedUrl: vault.seal(url, subscriptionContext(tenantId, id, urlPart))
    }))

  /** Two at once may pass the bound together; a store that is away says so when it is asked for the rest. */
  const room = (tenantId: TenantId) =>
    queries.list("subscription", { tenantId, filter: notDeleted, after: null, limit: maxSubscriptions }).pipe(
      Effect.map(({ rows }) => rows.length < maxSubscriptions),
      Effect.orElseSucceed(() => true),
      Effect.flatMap((hasRoom) => (hasRoom ? Effect.void : tooMany))
    )

  const { change, create } = yield* makeWrites("subscription", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { subscription, subscriptionId }, version }, command) => {
      const state = shown(subscriptionId, subscription, version)
      if (command._tag !== "CreateSubscription" && command._tag !== "RotateSubscriptionSecret") return state
      // A repeat brings a secret that was not kept: the newest is that of the first time.
      const kept = subscription.secrets[0]?.secretId === command.secretId
      return { ...state, secret: kept ? (clear.get(command) ?? null) : null } satisfies SubscriptionIssued
    },
    // An address may hold a secret: neither a hash that can be guessed nor a problem may tell of it.
    fingerprint: (method, route, body) => keyed.fingerprint(canonicalRequest(method, route, body)),
    telling: discreetly
  })

  return {
    list: reads.list(conditions, viewOf),
    get: reads.getWith((row, past) =>
      past
        ? Effect.succeed(viewOf(row))
        : Effect.map(Effect.catch(lines.waiting(row), storeUnavailable), (waiting) => waitingView(row, waiting))
    ),
    create: create("create", {
      as: "create-subscription",
      command: ({ at, body, fingerprint, id, origin, tenantId }) =>
        Effect.gen(function* () {
          yield* looked(body)
          const { sealedUrl, url } = yield* address(tenantId, id, body.url)
          yield* room(tenantId)
          const terms = {
            name: body.name ?? null,
            url,
            topics: body.topics,
            filter: body.filter ?? null,
            ...flowOf(body)
          }
          return yield* issuing(tenantId, id, (sealed) => ({
            _tag: "CreateSubscription" as const,
            subscriptionId: id,
            at,
            terms,
            sealedUrl,
            ...sealed,
            fingerprint,
            origin
          }))
        })
    }),
    update: change("update", {
      as: "update-subscription",
      except: ["SubscriptionIsDisabled", "RedeliveryUnderWay"],
      command: ({ at, body, id, tenantId }) =>
        Effect.gen(function* () {
          yield* looked(body)
          const { url: given, ...others } = body
          const found = given === undefined ? null : yield* address(tenantId, id, given)
          const changes = found === null ? others : { ...others, url: found.url }
          const sealedUrl = found?.sealedUrl ?? null
          return { _tag: "UpdateSubscription" as const, subscriptionId: id, at, changes, sealedUrl }
        })
    }),
    rotate: change("rotate", {
      as: "rotate-subscription-secret",
      bodyOptional: true,
      except: ["SubscriptionIsDisabled", "RedeliveryUnderWay"],
      command: ({ at, body, id, tenantId }) =>
        issuing(tenantId, id, (sealed) => ({
          _tag: "RotateSubscriptionSecret" as const,
          subscriptionId: id,
          at,
          ...sealed,
          overlapMs: parseDelay(body.overlap ?? defaultOverlap, "down")
        }))
    }),
    pause: change("pause", {
      as: "pause-subscription",
      bodyOptional: true,
      except: ["RedeliveryUnderWay"],
      command: ({ at, body, id }) => ({
        _tag: "PauseSubscription",
        subscriptionId: id,
        at,
        reason: body.reason ?? null
      })
    }),
    enable: change("enable", {
      as: "enable-subscription",
      except: ["SubscriptionIsDisabled", "RedeliveryUnderWay"],
      command: ({ at, id }) => ({ _tag: "EnableSubscription", subscriptionId: id, at })
    }),
    test: change("test", {
      as: "test-subscription",
      except: ["RedeliveryUnderWay"],
      command: ({ at, id }) => ({ _tag: "TestSubscription", subscriptionId: id, at })
    }),
    redeliver: change("redeliver", {
      as: "redeliver-subscription",
      status: () => 202,
      command: ({ at, body, id }) => {
        const from = parseInstant(body.from, "up") as EpochMillis
        const to = (body.to === undefined ? at : parseInstant(body.to, "down")) as EpochMillis
        return to < from ? backwards : ({ _tag: "RedeliverSubscription", subscriptionId: id, at, from, to } as const)
      }
    }),
    remove: change("remove", {
      as: "delete-subscription",
      except: ["SubscriptionIsDeleted", "SubscriptionIsDisabled", "RedeliveryUnderWay"],
      command: ({ at, id }) => ({ _tag: "DeleteSubscription", subscriptionId: id, at })
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, enable, get, list, pause, redeliver, remove, rotate, test, update } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "subscriptions", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handleRaw("update", update)
          .handleRaw("rotate", rotate)
          .handleRaw("pause", pause)
          .handle("enable", enable)
          .handle("test", test)
          .handleRaw("redeliver", redeliver)
          .handle("remove", remove)
          .handle("list", list)
          .handle("get", get)
      )
    )
  })
)
