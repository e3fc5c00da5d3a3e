/** The HTTP operations on subscriptions, with an example of each. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  idParameter,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import type { CorrelationId } from "../Ids.ts"
import { SubscriptionId, SubscriptionName, SubscriptionStatus, subscriptionTag } from "./Subscription.ts"
import {
  CreateSubscription,
  PauseSubscription,
  RedeliverSubscription,
  RotateSubscriptionSecret,
  SubscriptionIssued,
  SubscriptionPage,
  SubscriptionState,
  type SubscriptionView,
  SubscriptionView as View,
  UpdateSubscription
} from "./SubscriptionBodies.ts"

const id = "5e3d9a70-1c4b-8f26-9d07-2b8e6c1f4a95" as SubscriptionId
const creation: CreateSubscription = {
  name: "warehouse",
  url: "https://example.com/hooks/dueline",
  topics: ["ops.service.order.>", "ops.shipment.updated"]
}
const secretIds = ["0198c0de-0e01-7000-8000-00000000e010", "0198c0de-0e02-7000-8000-00000000e020"] as const
const first: SubscriptionState = {
  id,
  name: "warehouse",
  url: "https://example.com/hooks/dueline",
  topics: creation.topics,
  filter: null,
  flow: null,
  status: "Active",
  pausedReason: null,
  disabledReason: null,
  secrets: [{ id: secretIds[0], createdAt: "2026-01-31T09:00:00.000Z", validUntil: null }],
  failingSince: null,
  lastFailure: null,
  redelivery: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/subscriptions/${id}`, calls: `/v1/service-calls?tag=${subscriptionTag(id)}` }
}
const subscription: SubscriptionView = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }
/** Of Standard Webhooks' own documentation. */
const shownOnce = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const rotated: SubscriptionState = {
  ...first,
  version: 2,
  updatedAt: "2026-02-01T10:00:00.000Z",
  secrets: [
    { id: secretIds[1], createdAt: "2026-02-01T10:00:00.000Z", validUntil: null },
    { id: secretIds[0], createdAt: "2026-01-31T09:00:00.000Z", validUntil: "2026-02-02T10:00:00.000Z" }
  ]
}

const about = { params: { id: idParameter(SubscriptionId) }, headers: conditional }
const answered = HttpApiSchema.WithHeaders(SubscriptionState, written)

export const subscriptionOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    bodyErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const withBody = [...commandErrors, ...bodyErrors] as const

  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateSubscription,
    success: HttpApiSchema.WithHeaders(SubscriptionIssued.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Subscribe an endpoint",
        "Each message of these topics that comes from now on is posted to it in the form of Standard Webhooks, signed with the secret that this answer " +
          "shows once. A tenant has 100 subscriptions at the most.",
        { request: creation, 201: { ...first, secret: shownOnce } }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      name: parameter(Schema.optionalKey(SubscriptionName), "Only those with this name"),
      status: parameter(
        Schema.optionalKey(SubscriptionStatus),
        "Only those in this state; left out, all but deleted ones"
      )
    },
    success: SubscriptionPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:subscriptions.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List subscriptions, newest first", "Filters are joined by *and*.", {
        200: { items: [subscription], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params: about.params,
    ...conditionalRead,
    success: readAnswers(View),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:subscriptions.read")
    .annotateMerge(
      described("One subscription", "304 when `If-None-Match` names the version. Never with a secret.", {
        200: { ...subscription, waiting: { messages: 3, oldestAt: "2026-01-31T11:59:00.000Z" } }
      })
    )

  const update = HttpApiEndpoint.patch("update", "/:id", {
    ...about,
    payload: UpdateSubscription,
    success: answered,
    error: withBody
  })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Change a subscription",
        "What is left out stays. What stands in line already goes to the new address.",
        {
          request: { topics: ["ops.service.order.completed"] },
          200: { ...first, topics: ["ops.service.order.completed"], version: 2 }
        }
      )
    )

  const rotate = HttpApiEndpoint.post("rotate", "/:id/secrets", {
    ...about,
    payload: RotateSubscriptionSecret,
    success: HttpApiSchema.WithHeaders(SubscriptionIssued, written),
    error: withBody
  })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Give a subscription another secret",
        "The answer shows it once. For `overlap` messages carry a signature of each secret that is valid, the newest first; of more than three the " +
          "oldest end at once.",
        { request: { overlap: "24h" }, 200: { ...rotated, secret: shownOnce } }
      )
    )

  const pause = HttpApiEndpoint.post("pause", "/:id/pause", {
    ...about,
    payload: PauseSubscription,
    success: answered,
    error: withBody
  })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described("Pause a subscription", "Messages wait in line, as long as they are kept. An empty body means `{}`.", {
        request: { reason: "the warehouse moves" },
        200: { ...first, status: "Paused", pausedReason: "the warehouse moves", version: 2 }
      })
    )

  const enable = HttpApiEndpoint.post("enable", "/:id/enable", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Enable a subscription",
        "One that was paused delivers what waited. One that was disabled delivers what comes from now on: ask for what it missed with `redeliver`.",
        { 200: { ...first, version: 3 } }
      )
    )

  const test = HttpApiEndpoint.post("test", "/:id/test", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Try a subscription out",
        "A message of the topic `ops.subscription.tested` is delivered to it like any other, and to no other subscription.",
        { 200: { ...first, version: 2 } }
      )
    )

  const redeliver = HttpApiEndpoint.post("redeliver", "/:id/redeliver", {
    ...about,
    payload: RedeliverSubscription,
    success: HttpApiSchema.WithHeaders(SubscriptionState.pipe(HttpApiSchema.status(202)), written),
    error: withBody
  })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Deliver a time once more",
        "Messages of that time that are kept and that it asks for now are put in line again, under the ids that they had: a receiver that has one " +
          "already recognises it. `redelivery` tells how far that has come.",
        {
          request: { from: "2026-01-31T09:00:00Z", to: "2026-01-31T12:00:00Z" },
          202: {
            ...first,
            redelivery: {
              number: 1,
              from: "2026-01-31T09:00:00.000Z",
              to: "2026-01-31T12:00:00.000Z",
              messages: 0,
              done: false
            },
            version: 2
          }
        }
      )
    )

  const remove = HttpApiEndpoint.delete("remove", "/:id", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:subscriptions.write")
    .annotateMerge(
      described(
        "Delete a subscription",
        "For good: its secrets and its address are erased, and what stands in line is not delivered any more.",
        { 200: { ...first, status: "Deleted", secrets: [], version: 2 } }
      )
    )

  return HttpApiGroup.make("subscriptions")
    .add(create, update, rotate, pause, enable, test, redeliver, remove)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/v1/subscriptions")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "subscriptions")
    .annotateMerge(
      OpenApi.annotations({
        title: "Subscriptions",
        description: "Endpoints that messages are delivered to, signed, in the order of each aggregate."
      })
    )
}
