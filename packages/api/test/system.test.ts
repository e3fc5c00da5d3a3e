import { walkedApi } from "@dueline/contracts/api/Api"
import { Examples } from "@dueline/contracts/api/conventions"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Option, Result, Schema, SchemaAST } from "effect"
import { HttpApi, HttpApiSchema, OpenApi } from "effect/http-api"
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
        const { paths } = OpenApi.fromApi(walkedApi)
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
            // Where forms are taken, errors of its own protocol stand beside problems: another kind of body is a 400 there.
            const takesForm = "application/x-www-form-urlencoded" in (operation.requestBody?.content ?? {})
            const withBody = operation.requestBody === undefined ? [] : takesForm ? ["413"] : ["413", "415"]
            assert.includeMembers(Object.keys(operation.responses), [...protectedBy, ...withBody, "500"], name)
            for (const [status, response] of Object.entries(operation.responses)) {
              assert.includeMembers(
                Object.keys(response.headers ?? {}),
                ["x-correlation-id", "x-api-version"],
                `${name} ${status}`
              )
              if (Number(status) >= 400 && Number(status) !== 503) {
                const kinds = Object.keys(response.content ?? {}).filter(
                  (kind) => !takesForm || kind !== "application/json"
                )
                assert.includeMembers(["application/problem+json"], kinds, `${name} ${status}`)
                if (!takesForm) assert.isNotEmpty(kinds, `${name} ${status}`)
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
        const wanted = new Map<string, Schema.Constraint>()
        const given = new Map<string, unknown>()
        HttpApi.reflect(walkedApi, {
          onGroup: () => {},
          onEndpoint: ({ endpoint, group }) => {
            const name = `${group.identifier}.${endpoint.identifier}`
            for (const schema of [...endpoint.payload.values()].flatMap(({ schemas }) => [...schemas]))
              wanted.set(`${name} request`, schema)
            for (const success of endpoint.success) {
              const shown = HttpApiSchema.isWithHeaders(success) ? success.schema : success
              // Of a stream one event is shown.
              const body = "events" in shown ? (shown.events as Schema.Top) : shown
              const { httpApiStatus: status = 200 } = {
                ...Schema.resolveAnnotationsKey(body),
                ...Schema.resolveAnnotations(body)
              }
              if (!SchemaAST.isVoid(body.ast)) wanted.set(`${name} ${String(status)}`, body)
            }
            for (const error of endpoint.error) {
              const { httpApiStatus, identifier } = {
                ...Schema.resolveAnnotationsKey(error),
                ...Schema.resolveAnnotations(error)
              }
              if (identifier === "OAuthError") wanted.set(`${name} ${String(httpApiStatus)}`, error)
            }
            const examples = Context.getOption(endpoint.annotations, Examples)
            for (const [part, example] of Object.entries(Option.getOrElse(examples, () => ({}))))
              given.set(`${name} ${part}`, example)
          }
        })
        assert.sameMembers([...given.keys()], [...wanted.keys()])
        for (const [name, example] of given) {
          const schema = wanted.get(name) as Schema.ConstraintDecoder<unknown> | undefined
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
