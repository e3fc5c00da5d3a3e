/** A program that answers as the API definition says, from one call and a script: what the command line is tested against. */
import { BearerAuth, Principal, RequestChecks } from "@dueline/contracts/api/Access"
import { type CodeOf, problemBody } from "@dueline/contracts/api/Problem"
import { Unauthenticated, Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { HistoryEvent, ServiceCall, ServiceCallState } from "@dueline/contracts/api/ServiceCallView"
import { ServiceCalls } from "@dueline/contracts/api/ServiceCallEndpoints"
import { RateLimit } from "@dueline/contracts/api/RateLimit"
import { etagOf } from "@dueline/contracts/api/Wire"
import { type CorrelationId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { HttpRouter, HttpServer } from "effect/http"

const correlation = "abc123" as CorrelationId
export const callId = ServiceCallId.make("018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f")
const links = { self: `/v1/service-calls/${callId}`, events: `/v1/service-calls/${callId}/events` }

/** A call that is due two seconds after the epoch, which is where a test's clock stands. */
export const scheduled: ServiceCall = {
  id: callId,
  status: "Scheduled",
  dueAt: "1970-01-01T00:00:02.000Z",
  attempt: 0,
  version: 1,
  links,
  notBefore: null,
  waitReason: null,
  createdAt: "1969-12-31T23:59:59.000Z",
  updatedAt: "1969-12-31T23:59:59.000Z",
  endedAt: null,
  tags: ["invoice:42"],
  cancelRequested: false,
  lastStatus: null,
  failureReason: null,
  request: {
    method: "POST",
    url: "https://example.com/hooks/42",
    headers: { "x-a": "1" },
    bodyBytes: 5,
    bodySnippet: "hello"
  },
  timeoutMs: 30_000,
  retry: defaultRetryPolicy,
  epoch: 0,
  flow: null,
  waitsFor: null,
  correlationId: correlation,
  attempts: []
}

export const failed: ServiceCall = {
  ...scheduled,
  status: "Failed",
  version: 4,
  attempt: 1,
  epoch: 1,
  endedAt: "1970-01-01T00:00:02.250Z",
  lastStatus: 404,
  failureReason: "http_status",
  attempts: [
    {
      number: 1,
      epoch: 1,
      startedAt: "1970-01-01T00:00:02.001Z",
      durationMs: 249,
      outcome: "failed",
      status: 404,
      reason: "http_status",
      detail: "404 Not Found",
      response: null,
      superseded: []
    }
  ]
}

export const succeeded: ServiceCall = { ...failed, status: "Succeeded", lastStatus: 200, failureReason: null }
export const cancelled: ServiceCall = {
  ...scheduled,
  status: "Cancelled",
  version: 2,
  endedAt: "1970-01-01T00:00:00.500Z"
}

const payloads: Readonly<Record<string, HistoryEvent["payload"]>> = {
  ServiceCallSubmitted: { dueAt: 2_000 },
  ExecutionStarted: { epoch: 1, attempt: 1 },
  ExecutionFailed: {
    epoch: 1,
    attempt: 1,
    reason: "http_status",
    detail: "404 Not Found",
    status: 404,
    durationMs: 249
  },
  ServiceCallFailed: { reason: "permanent" }
}

export const eventsOf = (...types: ReadonlyArray<string>): ReadonlyArray<HistoryEvent> =>
  types.map((type, index) => ({
    version: index + 1,
    eventId: `0190b6f0-0000-7000-8000-00000000000${index}`,
    type,
    eventVersion: 1,
    recordedAt: new Date(index * 1_000).toISOString(),
    correlationId: correlation,
    actor: { kind: "user", id: "me" },
    payload: payloads[type] ?? {}
  }))

export interface Sight {
  readonly call: ServiceCall
  readonly events: ReadonlyArray<HistoryEvent>
}

export interface Script {
  /** What is found, one for every look; the last one stays. */
  readonly sights?: ReadonlyArray<Sight>
  readonly list?: ReadonlyArray<ServiceCall>
  /** Refuses everything with this code. */
  readonly refuse?: CodeOf<422>
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const stateOf = ({ attempt, dueAt, id, status, version }: ServiceCall): ServiceCallState => ({
  id,
  status,
  dueAt,
  attempt,
  version,
  links
})

const accept = Layer.succeed(
  BearerAuth,
  BearerAuth.of({
    bearer: (httpEffect, { credential }) =>
      Redacted.value(credential) === ""
        ? Effect.fail(new Unauthenticated(problemBody("unauthenticated", correlation, "Send an access token.")))
        : Effect.provideService(httpEffect, Principal, {
            tenantId: TenantId.make("00000000-0000-0000-0000-000000000001"),
            subject: "me",
            scopes: [],
            apiKey: null,
            session: null
          })
  })
)

const checks = (code: CodeOf<422> | undefined) =>
  Layer.succeed(
    RequestChecks,
    RequestChecks.of((httpEffect) =>
      code === undefined
        ? httpEffect
        : Effect.fail(
            new Unprocessable(
              problemBody(code, correlation, "Correct what `errors` lists.", {
                errors: [{ path: "body.request.url", message: "must be http or https" }]
              })
            )
          )
    )
  )

class Api extends HttpApi.make("dueline").add(ServiceCalls) {}

const handlers = (script: Script) => {
  const sights = script.sights ?? [{ call: scheduled, events: eventsOf("ServiceCallSubmitted") }]
  let looks = 0
  const present = () => sights[Math.max(0, Math.min(looks, sights.length) - 1)] ?? { call: scheduled, events: [] }
  const written = ({ version }: { readonly version: number }) => ({ etag: etagOf(version) })
  return HttpApiBuilder.group(Api, "serviceCalls", (handlers) =>
    handlers
      .handle("submit", () =>
        Effect.succeed(
          HttpApiSchema.withHeaders({
            body: stateOf(scheduled),
            headers: { ...written(scheduled), location: links.self }
          })
        )
      )
      .handle("submitBatch", ({ payload }) =>
        Effect.succeed({
          items: payload.items.map(() => ({
            status: 202 as const,
            call: stateOf(scheduled),
            correlationId: correlation,
            replayed: false
          }))
        })
      )
      .handle("live", () => Effect.succeed(Stream.empty))
      .handle("list", ({ query }) => {
        const all = script.list ?? []
        const from = Number(query.cursor ?? "0")
        const to = from + (query.limit ?? 50)
        return Effect.succeed({ items: all.slice(from, to), nextCursor: to < all.length ? String(to) : null })
      })
      .handle("get", ({ headers }) => {
        looks++
        const { call } = present()
        const same = headers["if-none-match"] === etagOf(call.version)
        return Effect.succeed(
          same
            ? HttpApiSchema.withHeaders({ body: undefined, headers: written(call) })
            : HttpApiSchema.withHeaders({ body: call, headers: written(call) })
        )
      })
      .handle("events", ({ query }) =>
        Effect.succeed({
          items: present().events.filter(({ version }) => version > (query.after ?? 0)),
          nextAfter: null
        })
      )
      .handle("cancel", () =>
        Effect.succeed(
          HttpApiSchema.withHeaders({
            body: { ...stateOf(cancelled), status: "Cancelled" as const },
            headers: written(cancelled)
          })
        )
      )
      .handle("reschedule", () =>
        Effect.succeed(HttpApiSchema.withHeaders({ body: stateOf(scheduled), headers: written(scheduled) }))
      )
      .handle("run", () =>
        Effect.succeed(HttpApiSchema.withHeaders({ body: stateOf(scheduled), headers: written(scheduled) }))
      )
  )
}

/** `fetch` answers in this process; `asked` is what came, in order. */
export const fakeProgram = (script: Script = {}) => {
  const routes = HttpApiBuilder.layer(Api).pipe(
    Layer.provide(handlers(script)),
    Layer.provide([accept, checks(script.refuse), Layer.succeed(RateLimit, (httpEffect) => httpEffect)]),
    Layer.provide(HttpServer.layerServices)
  )
  const { handler } = HttpRouter.toWebHandler(routes, { disableLogger: true })
  const asked: Array<Asked> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const text = await request.clone().text()
    asked.push({
      method: request.method,
      path: url.pathname,
      query: url.search,
      headers: Object.fromEntries(request.headers),
      body: text === "" ? undefined : JSON.parse(text)
    })
    return handler(request, Context.empty())
  }
  return { fetch, asked }
}
