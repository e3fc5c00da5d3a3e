import { Api } from "@dueline/contracts/api/Api"
import { CreateBin, UpdateBin, UpdateBinCapacity } from "@dueline/contracts/api/BinRequest"
import { Bin, BinPage, BinState } from "@dueline/contracts/api/BinView"
import { RegisterCustomer, UpdateCustomer } from "@dueline/contracts/api/CustomerRequest"
import { Customer, CustomerPage, CustomerState } from "@dueline/contracts/api/CustomerView"
import { AddOrderItems, CreateOrder, MoveOrder, ScheduleOrder } from "@dueline/contracts/api/OrderRequest"
import { Order, OrderPage, OrderState } from "@dueline/contracts/api/OrderView"
import { Health, JsonWebKeySet, NotReady, Ready } from "@dueline/contracts/api/SystemEndpoints"
import { TimelinePage } from "@dueline/contracts/api/TimelineEndpoints"
import { openApiExamples } from "@dueline/contracts/api/openApiExamples"
import { RescheduleServiceCall, SubmitServiceCall, SubmitServiceCalls } from "@dueline/contracts/api/ServiceCallRequest"
import {
  HistoryPage,
  ServiceCall,
  ServiceCallCancelled,
  ServiceCallPage,
  ServiceCallState,
  SubmittedBatch
} from "@dueline/contracts/api/ServiceCallView"
import { assert, layer } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { readFileSync, writeFileSync } from "node:fs"
import { Edge, health, layer as edge } from "./Edge.ts"

const golden = new URL("golden/openapi.json", import.meta.url)
const get = (path: string) =>
  Effect.flatMap(Edge, ({ send }) => send({ method: "GET", path, headers: { authorization: "" } }))

layer(edge, { excludeTestServices: true })("system", (it) => {
  it.effect("health tells version, uptime and how long each dependency took", () =>
    Effect.gen(function* () {
      const { json, status } = yield* get("/health")
      assert.strictEqual(status, 200)
      assert.deepInclude(json, { status: "ok", version: "0.0.0-test", phase: "serving" })
      assert.deepStrictEqual(json["dependencies"], [{ name: "database", needed: true, status: "up", durationMs: 1 }])
    })
  )

  it.effect("readiness follows the phase and the dependencies that are needed", () =>
    Effect.gen(function* () {
      const before = { ...health }
      const readiness = Effect.forEach(["/ready", "/health/ready", "/health/startup", "/health/live"], (path) =>
        Effect.map(get(path), ({ status }) => status)
      )
      assert.deepStrictEqual(yield* readiness, [200, 200, 200, 204])
      health.phase = "draining"
      assert.deepStrictEqual(yield* readiness, [503, 503, 200, 204])
      health.phase = "starting"
      assert.deepStrictEqual(yield* readiness, [503, 503, 503, 204])
      health.phase = "serving"
      health.dependencies = [{ name: "cache", needed: false, up: false, durationMs: 2 }]
      assert.deepStrictEqual(yield* readiness, [200, 200, 200, 204])
      assert.strictEqual((yield* get("/health")).json["status"], "degraded")
      const reason = "its disk is full"
      health.dependencies = [{ name: "database", needed: true, up: false, reason, durationMs: 2 }]
      assert.deepStrictEqual(yield* readiness, [503, 503, 200, 204])
      assert.strictEqual((yield* get("/ready")).json["reason"], "down: database (its disk is full)")
      Object.assign(health, before)
    })
  )

  it.effect("while draining, every answer asks for its connection to be closed", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const keepAlive = { connection: "keep-alive", authorization: "" }
      const connections = Effect.forEach(["/health/live", "/ready", "/v1/service-calls", "/nothing"], (path) =>
        Effect.map(send({ method: "GET", path, headers: keepAlive }), ({ headers }) => headers["connection"])
      )
      assert.deepStrictEqual(
        yield* connections,
        Array.from({ length: 4 }, () => "keep-alive")
      )
      health.phase = "draining"
      const draining = yield* Effect.ensuring(
        connections,
        Effect.sync(() => (health.phase = "serving"))
      )
      assert.deepStrictEqual(
        draining,
        Array.from({ length: 4 }, () => "close")
      )
    })
  )

  it.effect("the public keys hold no private part", () =>
    Effect.gen(function* () {
      const { json } = yield* get("/.well-known/jwks.json")
      const [key] = json["keys"] as ReadonlyArray<Record<string, string>>
      assert.sameMembers(Object.keys(key ?? {}), ["kty", "alg", "use", "kid", "n", "e"])
    })
  )

  it.effect("every answer says which version of the API gave it and by which id it is known", () =>
    Effect.gen(function* () {
      for (const path of [
        "/health",
        "/health/live",
        "/openapi.json",
        "/docs",
        "/redoc",
        "/nothing",
        "/v1/service-calls"
      ]) {
        const { headers } = yield* get(path)
        assert.strictEqual(headers["x-api-version"], "1.0.0", path)
        assert.match(headers["x-correlation-id"] ?? "", /^[0-9a-z]{1,13}$/u, path)
      }
    })
  )

  it.effect(
    "the published document is the one the code serves",
    () =>
      Effect.gen(function* () {
        const { body } = yield* get("/openapi.json")
        const document = `${JSON.stringify(JSON.parse(body), null, 2)}\n`
        if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, document)
        assert.strictEqual(
          document,
          readFileSync(golden, "utf8"),
          "run again with UPDATE_GOLDEN=1 if the change is meant"
        )
      }),
    { tags: ["ADR-0007.3"] }
  )

  it.effect(
    "every operation in the document is described, with its parameters, errors and headers",
    () =>
      Effect.sync(() => {
        const { paths } = OpenApi.fromApi(Api)
        for (const [path, operations] of Object.entries(paths)) {
          for (const [method, operation] of Object.entries(
            operations as Record<string, OpenApi.OpenAPISpecOperation>
          )) {
            const name = `${method} ${path}`
            assert.isString(operation.summary, name)
            assert.isString(operation.description, name)
            for (const parameter of operation.parameters)
              assert.property(parameter, "description", `${name} ${parameter.name}`)
            const protectedBy = operation.security.length > 0 ? ["400", "401", "403", "422", "503"] : []
            const withBody = operation.requestBody === undefined ? [] : ["413", "415"]
            assert.includeMembers(Object.keys(operation.responses), [...protectedBy, ...withBody, "500"], name)
            for (const [status, response] of Object.entries(operation.responses)) {
              assert.includeMembers(
                Object.keys(response.headers ?? {}),
                ["x-correlation-id", "x-api-version"],
                `${name} ${status}`
              )
              if (Number(status) >= 400 && Number(status) !== 503) {
                assert.hasAllKeys(response.content ?? {}, ["application/problem+json"], `${name} ${status}`)
              }
            }
          }
        }
      }),
    { tags: ["ADR-0007.3"] }
  )

  it.effect(
    "every example in the document is one the code would take or give",
    () =>
      Effect.sync(() => {
        const schemas: Readonly<Record<string, Schema.ConstraintDecoder<unknown>>> = {
          "serviceCalls.submit request": SubmitServiceCall,
          "serviceCalls.submit 200": ServiceCall,
          "serviceCalls.submit 202": ServiceCallState,
          "serviceCalls.submitBatch request": SubmitServiceCalls,
          "serviceCalls.submitBatch 200": SubmittedBatch,
          "serviceCalls.list 200": ServiceCallPage,
          "serviceCalls.get 200": ServiceCall,
          "serviceCalls.events 200": HistoryPage,
          "serviceCalls.cancel 200": ServiceCallCancelled,
          "serviceCalls.cancel 202": ServiceCallState,
          "serviceCalls.reschedule request": RescheduleServiceCall,
          "serviceCalls.reschedule 200": ServiceCallState,
          "serviceCalls.run 202": ServiceCallState,
          "customers.register request": RegisterCustomer,
          "customers.register 201": CustomerState,
          "customers.list 200": CustomerPage,
          "customers.get 200": Customer,
          "customers.update request": UpdateCustomer,
          "customers.update 200": CustomerState,
          "customers.erase 200": CustomerState,
          "bins.create request": CreateBin,
          "bins.create 201": BinState,
          "bins.list 200": BinPage,
          "bins.get 200": Bin,
          "bins.update request": UpdateBin,
          "bins.update 200": BinState,
          "bins.capacity request": UpdateBinCapacity,
          "bins.capacity 200": BinState,
          "bins.retire 200": BinState,
          "orders.create request": CreateOrder,
          "orders.create 201": OrderState,
          "orders.list 200": OrderPage,
          "orders.get 200": Order,
          "orders.addItems request": AddOrderItems,
          "orders.addItems 200": OrderState,
          "orders.schedule request": ScheduleOrder,
          "orders.schedule 200": OrderState,
          "orders.move request": MoveOrder,
          "orders.move 200": OrderState,
          "orders.confirm 200": OrderState,
          "orders.cancel 200": OrderState,
          "orders.complete 200": OrderState,
          "timeline.read 200": TimelinePage,
          "system.health 200": Health,
          "system.healthReady 200": Ready,
          "system.healthReady 503": NotReady,
          "system.ready 200": Ready,
          "system.ready 503": NotReady,
          "system.startup 200": Ready,
          "system.startup 503": NotReady,
          "system.jwks 200": JsonWebKeySet
        }
        const examples = Object.entries(openApiExamples).flatMap(([operation, parts]) =>
          Object.entries(parts).map(([part, example]) => [`${operation} ${part}`, example] as const)
        )
        assert.sameMembers(
          examples.map(([name]) => name),
          Object.keys(schemas)
        )
        for (const [name, example] of examples) {
          const schema = schemas[name]
          if (schema === undefined) return assert.fail(name)
          const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(example)
          if (Result.isFailure(decoded)) assert.fail(`${name}: ${decoded.failure.message}`)
        }
      }),
    { tags: ["ADR-0007.3"] }
  )

  it.effect("the pages load nothing from anywhere else", () =>
    Effect.gen(function* () {
      const redoc = yield* get("/redoc")
      assert.strictEqual(redoc.status, 200)
      assert.notMatch(redoc.body, /https?:\/\//u)
      assert.include(redoc.headers["content-security-policy"], "default-src 'self'")
      const bundle = yield* get("/redoc/redoc.standalone.js")
      assert.strictEqual(bundle.status, 200)
      assert.isAbove(bundle.body.length, 100_000)
      const swagger = yield* get("/docs")
      assert.include(swagger.body, "SwaggerUIBundle")
      assert.notMatch(swagger.body, /<(?:script|link)[^>]+(?:src|href)="https?:/u)
    })
  )
})
