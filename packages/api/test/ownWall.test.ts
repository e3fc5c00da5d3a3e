/** For every operation on what people make: whoever may do it for their own reaches that and nothing of others. */
import { assert, layer } from "@effect/vitest"
import { owned } from "@dueline/contracts/api/roles"
import { Effect } from "effect"
import { type Operation, operations } from "./conformance.ts"
import { Edge, layer as edge, scopes, tenant } from "./Edge.ts"
import { bodyOf, headersOf, household, kindOf } from "./household.ts"

const scopeOf = (operation: Operation): string =>
  String((operation as unknown as { readonly "x-required-scope": string })["x-required-scope"])
const mine = operations.filter((operation) => owned.has(scopeOf(operation) as never))
const named = mine.filter(({ path }) => path.includes("{id}"))
const lists = mine.filter(({ method, path }) => method === "GET" && !path.includes("{id}"))

/** Both have the role `mine`: every scope of `owned`, for their own. The household is the tester's. */
const bearer = (subject: string) =>
  Effect.gen(function* () {
    const { mint } = yield* Edge
    const token = yield* mint({ subject, tenantId: tenant, scopes, roles: ["mine"], ttlSeconds: 3_600 })
    return { authorization: `Bearer ${token}` }
  })

layer(edge)("own and others'", (it) => {
  it.effect("every scope whose resources have owners has operations that are tried", () =>
    Effect.sync(() => {
      const read = (scope: string) => scope.endsWith(".read")
      assert.sameMembers([...new Set(named.map(scopeOf))], [...owned])
      assert.sameMembers([...new Set(lists.map(scopeOf))], [...owned].filter(read))
    })
  )

  for (const operation of named) {
    it.effect(`${operation.method} ${operation.path}: another's is refused and stays as it was, one's own is not`, () =>
      Effect.gen(function* () {
        const { send, store } = yield* Edge
        const ids = yield* household
        const id = ids[kindOf(operation.path)] ?? assert.fail(`nothing stands for ${operation.path}`)
        const body = bodyOf(operation)
        const asked = (path: string, authorization: object) =>
          send({
            method: operation.method,
            path: operation.path.replace("{id}", path),
            headers: { ...headersOf(operation), ...authorization },
            ...(body === undefined ? {} : { body })
          })
        const stranger = yield* bearer("another")
        const before = store.dump().events.length
        for (const path of [id, `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`, id.toUpperCase()]) {
          const refused = yield* asked(path, stranger)
          assert.oneOf(refused.status, [403, 400, 404], refused.body)
          if (path === id) assert.strictEqual(refused.json["code"], "insufficient_scope", refused.body)
        }
        assert.lengthOf(store.dump().events, before)
        const absent = yield* asked("00000000-0000-7000-8000-00000000dead", stranger)
        assert.oneOf(absent.status, [404, 422, 400], absent.body)
        const own = yield* asked(id, yield* bearer("tester"))
        assert.notInclude([401, 403, 404], own.status, own.body)
      })
    )
  }

  for (const operation of lists) {
    it.effect(`${operation.method} ${operation.path}: shows one's own alone`, () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const id = (yield* household)[operation.path] ?? assert.fail(`nothing stands for ${operation.path}`)
        const listed = (authorization: object) =>
          send({ method: "GET", path: `${operation.path}?limit=200`, headers: { ...authorization } })
        const others = yield* listed(yield* bearer("another"))
        assert.deepStrictEqual([others.status, others.json["items"]], [200, []], others.body)
        assert.include((yield* listed(yield* bearer("tester"))).body, id)
      })
    )
  }

  it.effect("pages of one's own are filled, however many of others' lie between", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const ann = yield* bearer("ann")
      const at = { location: { lat: 50, lon: 14 }, category: "skip", sizeLitres: 10 }
      const make = (n: number, headers: object = {}) =>
        send({
          method: "POST",
          path: "/ops/bins",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify({ serialNumber: `S-${n}`, ...at })
        })
      const own: Array<unknown> = []
      for (let n = 0; n < 251; n += 1) {
        const made = yield* make(n, n % 125 === 0 ? ann : {})
        assert.strictEqual(made.status, 201, made.body)
        if (n % 125 === 0) own.push(made.json["id"])
      }
      for (const query of ["limit=2", "limit=2&near=50,14&radius=1000"]) {
        const page = (cursor = "") => send({ method: "GET", path: `/ops/bins?${query}${cursor}`, headers: ann })
        const idsIn = (reply: { readonly json: Readonly<Record<string, unknown>> }) =>
          (reply.json["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)
        const first = yield* page()
        assert.lengthOf(idsIn(first), 2, first.body)
        const second = yield* page(`&cursor=${String(first.json["nextCursor"])}`)
        assert.sameMembers([...idsIn(first), ...idsIn(second)], own)
        assert.isNull(second.json["nextCursor"])
      }
    })
  )

  it.effect("what is not there is made as one's own; under a key that another used it is theirs", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const make = (authorization: object) =>
        send({
          method: "POST",
          path: "/ops/customers",
          headers: { "content-type": "application/json", "idempotency-key": "one", ...authorization },
          body: JSON.stringify({ profile: { name: "Ann" } })
        })
      const ann = yield* bearer("ann")
      assert.deepStrictEqual([(yield* make(ann)).status, (yield* make(ann)).status], [201, 201])
      assert.strictEqual((yield* make(yield* bearer("bob"))).json["code"], "insufficient_scope")
      assert.strictEqual((yield* make({})).status, 201)
    })
  )
})
