import { assert, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, References, Tracer } from "effect"
import { Edge, layer as edge } from "./Edge.ts"
import { call, codeOf, hours, made, newBin } from "./field.ts"

const secrets = ["Zebulon", "Quaxington", "zq@postbox.example", "601987654", "Hidden Lane 77", "gate code 4711"]
const [first = "", last = "", email = "", phone = "", address = "", notes = ""] = secrets
const profile = { name: `${first} ${last}`, email, phone, address }

/** Everything that was logged, and every span with what was noted in it. */
const seen: Array<string> = []
const write = (value: unknown) => seen.push(String(value))
const formatted = Logger.formatJson
const watching = Layer.mergeAll(
  Logger.layer([
    Logger.map(formatted, write),
    Logger.map(Logger.formatStructured, (line) => write(JSON.stringify(line)))
  ]),
  Layer.succeed(References.MinimumLogLevel, "All"),
  Layer.succeed(
    Tracer.Tracer,
    Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        const end = span.end.bind(span)
        span.end = (at, exit) => {
          end(at, exit)
          // What an exporter sends of an exit is why it failed.
          const failure = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : null
          write(JSON.stringify([span.name, [...span.attributes], span.events, failure]))
        }
        return span
      }
    })
  )
)

layer(edge.pipe(Layer.provide(watching)), { excludeTestServices: true })("personal data", (it) => {
  it.effect(
    "through a customer's whole life nothing of it stands in clear where it is stored, logged, traced or refused",
    () =>
      Effect.gen(function* () {
        const { otherToken, send, store } = yield* Edge
        const replies: Array<string> = []
        const stored: Array<string> = []
        const ask = (...args: Parameters<typeof call>) =>
          Effect.tap(call(...args), ({ body }) =>
            Effect.sync(() => {
              replies.push(body)
              stored.push(JSON.stringify(store.dump()))
            })
          )
        const key = (name: string) => ({ "idempotency-key": name })
        const registered = yield* ask("POST", "/ops/customers", { profile }, key("life"))
        yield* ask("POST", "/ops/customers", { profile }, key("life"))
        yield* ask("POST", "/ops/customers", { profile: { ...profile, notes } }, key("life"))
        const path = registered.headers["location"] ?? ""
        const detail = yield* call("GET", path)
        assert.deepStrictEqual(detail.json["profile"], profile)
        const patch = (body: unknown, headers: Readonly<Record<string, string>>) => ask("PATCH", path, body, headers)
        yield* patch({ profile: { notes } }, { "if-match": '"1"', ...key("change") })
        yield* patch({ profile: { notes } }, { "if-match": '"1"', ...key("change") })
        yield* patch({ profile: { name: last } }, { "if-match": '"1"' })
        yield* patch({ profile: { name: last } }, {})
        yield* patch({ profile: { name: last } }, { "if-match": '"1"', authorization: `Bearer ${otherToken}` })
        yield* ask("GET", "/ops/customers")
        yield* ask("GET", `${path}?asOf=1`)
        const { id } = made(registered)
        const binId = yield* newBin({ customerId: id })
        const order = made(
          yield* ask("POST", "/ops/orders", {
            customerId: id,
            binId,
            kind: "pickup",
            window: hours(1, 8, 9),
            schedule: true
          })
        )
        yield* ask("DELETE", path)
        yield* ask("POST", `/ops/orders/${order.id}/complete`)
        yield* ask("DELETE", path)
        yield* ask("GET", path)
        yield* ask("GET", `/v1/timeline?correlation=${registered.headers["x-correlation-id"]}`)
        yield* send({ method: "GET", path, headers: { authorization: "Bearer nothing" } })
        assert.include(seen.join(), "token refused")
        assert.include(seen.join(), "http.route")
        assert.include(stored.join(), '"CustomerUpdated"')
        for (const text of [...replies, ...stored, ...seen]) {
          for (const secret of secrets) assert.notInclude(text, secret)
        }
        assert.deepStrictEqual(store.dump().sealed, {})
      }),
    { tags: ["ADR-0015.3", "ADR-0015.6"] }
  )

  it.effect(
    "whatever is wrong with a profile, the problem says where and not what",
    () =>
      Effect.gen(function* () {
        const long = `${last}${"x".repeat(3_000)}`
        const bodies: ReadonlyArray<unknown> = [
          { profile: { ...profile, email: `${first} at home` } },
          { profile: { ...profile, phone: last } },
          { profile: { ...profile, name: long } },
          { profile: { ...profile, name: 601_987_654 } },
          { profile: { ...profile, name: null } },
          { profile: { ...profile, [last]: 1 } },
          { profile: { ...profile, "": last } },
          { profile: { ...profile, name: { [first]: last } } },
          { profile: [first, last] },
          { profile: last },
          { profile, [first]: last },
          [profile],
          `{"profile":{"name":"${first}`,
          `{"profile":{"name":"${first}\\u0000"}}`,
          `"${first}"`
        ]
        const at = { "if-match": '"1"' }
        const customer = made(yield* call("POST", "/ops/customers", { profile: { name: "x" } }))
        for (const body of bodies) {
          for (const reply of [
            yield* call("POST", "/ops/customers", body),
            yield* call("PATCH", `/ops/customers/${customer.id}`, body, at)
          ]) {
            assert.oneOf(codeOf(reply)[1], ["invalid_request", "malformed_json"], reply.body)
            for (const secret of secrets) assert.notInclude(reply.body, secret)
          }
        }
        for (const text of seen) for (const secret of secrets) assert.notInclude(text, secret)
      }),
    { tags: ["ADR-0015.5"] }
  )

  it.effect(
    "what is kept to recognise a repeat is not a hash that anybody could make",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const { fingerprint } = yield* Effect.promise(() => import("../src/resources/asking.ts"))
        const body = { profile: { name: "guessed" } }
        yield* call("POST", "/ops/customers", body, { "idempotency-key": "guess" })
        const guess = fingerprint("POST", "/ops/customers", body)
        const dump = store.dump()
        assert.isDefined(dump.receipts.find(({ receipt }) => receipt.key === "guess")?.receipt.fingerprint)
        assert.notInclude(JSON.stringify(dump), guess)
      }),
    { tags: ["ADR-0015.4"] }
  )
})
