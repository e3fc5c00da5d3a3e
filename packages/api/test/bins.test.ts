import { type BinId, IdempotencyKey } from "@dueline/contracts/Ids"
import { derivedId } from "@dueline/identity/derivedId"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { bin, call, codeOf, made, newBin, newCustomer, wanted } from "./field.ts"

const bins = "/ops/bins"
const nobodys = `${bins}/00000000-0000-4000-8000-000000000000`

layer(edge, { excludeTestServices: true })("bins", (it) => {
  it.effect("a bin is created, read, changed and retired, each time with its version", () =>
    Effect.gen(function* () {
      const asked = bin({ location: { lat: 50.1, lon: 14.4 } })
      const created = yield* call("POST", bins, asked)
      assert.strictEqual(created.status, 201, created.body)
      const path = created.headers["location"] ?? ""
      assert.deepInclude(created.json, {
        ...asked,
        capacityLitres: 7_000,
        status: "Active",
        customerId: null,
        version: 1
      })
      assert.strictEqual(created.headers["etag"], '"1"')
      const read = yield* call("GET", path)
      assert.deepInclude(read.json, { ...created.json })
      assert.match(String(read.json["correlationId"]), /^[0-9a-z]{1,13}$/u)
      assert.strictEqual((yield* call("GET", path, undefined, { "if-none-match": '"1"' })).status, 304)
      const moved = yield* call("PATCH", path, { location: null, status: "Maintenance" }, { "if-match": '"1"' })
      assert.deepInclude(moved.json, { location: null, status: "Maintenance", version: 2 })
      assert.strictEqual(moved.headers["etag"], '"2"')
      const retired = yield* call("DELETE", path)
      assert.deepInclude(retired.json, { status: "Retired", version: 3 })
      assert.strictEqual((yield* call("GET", path)).json["status"], "Retired")
      const late = yield* call("PATCH", path, { category: "tank" }, { "if-match": '"3"' })
      assert.deepStrictEqual(codeOf(late), [409, "bin_retired"])
      assert.deepStrictEqual((yield* call("DELETE", path)).json["version"], 3)
    })
  )

  it.effect("a change needs the version it is meant for, and a stale one is told the present one", () =>
    Effect.gen(function* () {
      const path = `${bins}/${yield* newBin()}`
      for (const [method, address, body] of [
        ["PATCH", path, { category: "tank" }],
        ["POST", `${path}/capacity`, { capacityLitres: 1 }]
      ] as const) {
        assert.deepStrictEqual(codeOf(yield* call(method, address, body)), [428, "if_match_required"])
        const stale = yield* call(method, address, body, { "if-match": '"7"' })
        assert.deepStrictEqual(codeOf(stale), [412, "version_mismatch"])
        assert.strictEqual(stale.headers["etag"], '"1"')
        assert.deepStrictEqual(codeOf(yield* call(method, address, body, { "if-match": "1" })), [400, "malformed_etag"])
      }
      assert.strictEqual((yield* call("DELETE", path, undefined, { "if-match": '"2"' })).status, 412)
      assert.strictEqual((yield* call("DELETE", path, undefined, { "if-match": '"3", "1"' })).status, 200)
    })
  )

  it.effect("of several capacities at once one wins, and the others are told the present version", () =>
    Effect.gen(function* () {
      const path = `${bins}/${yield* newBin()}`
      const replies = yield* Effect.forEach(
        [1, 2, 3, 4, 5, 6],
        (litres) => call("POST", `${path}/capacity`, { capacityLitres: litres }, { "if-match": '"1"' }),
        { concurrency: "unbounded" }
      )
      const won = replies.filter(({ status }) => status === 200)
      assert.strictEqual(won.length, 1)
      for (const lost of replies.filter((reply) => !won.includes(reply))) {
        assert.deepStrictEqual([lost.status, lost.headers["etag"]], [412, '"2"'])
      }
      assert.strictEqual((yield* call("GET", path)).json["capacityLitres"], won[0]?.json["capacityLitres"])
    })
  )

  it.effect("a capacity above the size is refused, on creation, by itself and by a smaller size", () =>
    Effect.gen(function* () {
      const created = yield* call("POST", bins, bin({ capacityLitres: 7_001 }))
      assert.deepStrictEqual(codeOf(created), [422, "capacity_above_size"])
      const path = `${bins}/${yield* newBin()}`
      const capacity = yield* call("POST", `${path}/capacity`, { capacityLitres: 7_001 }, { "if-match": '"1"' })
      assert.deepStrictEqual(codeOf(capacity), [422, "capacity_above_size"])
      assert.include(capacity.json["detail"], "7000")
      const size = yield* call("PATCH", path, { sizeLitres: 6_999 }, { "if-match": '"1"' })
      assert.deepStrictEqual(codeOf(size), [422, "capacity_above_size"])
    })
  )

  it.effect(
    "a serial number is given once in a tenant, also after its bin was retired, and again in another tenant",
    () =>
      Effect.gen(function* () {
        const { otherToken } = yield* Edge
        const first = bin()
        const { id } = made(yield* call("POST", bins, first))
        assert.deepStrictEqual(codeOf(yield* call("POST", bins, first)), [409, "serial_number_taken"])
        const other = yield* newBin()
        const renamed = yield* call(
          "PATCH",
          `${bins}/${other}`,
          { serialNumber: first.serialNumber },
          { "if-match": '"1"' }
        )
        assert.deepStrictEqual(codeOf(renamed), [409, "serial_number_taken"])
        yield* call("DELETE", `${bins}/${id}`)
        assert.strictEqual((yield* call("POST", bins, first)).status, 409)
        const foreign = yield* call("POST", bins, first, { authorization: `Bearer ${otherToken}` })
        assert.strictEqual(foreign.status, 201)
      })
  )

  it.effect("a bin is kept only for a customer that is there, and what holds it is in the way", () =>
    Effect.gen(function* () {
      const missing = yield* call("POST", bins, bin({ customerId: "00000000-0000-4000-8000-000000000000" }))
      assert.deepStrictEqual(codeOf(missing), [409, "customer_unfit"])
      assert.deepStrictEqual(missing.json["conflict"], { reason: "not_found" })
      const { binId, scheduled } = yield* wanted
      yield* call("POST", "/ops/orders", scheduled)
      assert.deepStrictEqual(codeOf(yield* call("DELETE", `${bins}/${binId}`)), [409, "bin_in_use"])
      const kept = yield* call("PATCH", `${bins}/${binId}`, { customerId: yield* newCustomer }, { "if-match": "*" })
      assert.deepStrictEqual(codeOf(kept), [409, "bin_in_use"])
    })
  )

  it.effect("a repeat under the key is answered as the first time, and makes no second bin", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const asked = bin()
      const key = { "idempotency-key": "bin-once" }
      const first = yield* call("POST", bins, asked, key)
      const path = first.headers["location"] ?? ""
      assert.strictEqual(first.json["id"], derivedId("bin", tenant, IdempotencyKey.make("bin-once")))
      const change = call("PATCH", path, { sizeLitres: 9_000 }, { "if-match": '"1"', "idempotency-key": "bin-change" })
      const changed = yield* change
      const events = store.dump().events.length
      for (const [reply, repeat] of [
        [first, yield* call("POST", bins, asked, key)],
        [changed, yield* change]
      ] as const) {
        assert.deepStrictEqual([repeat.status, repeat.body], [reply.status, reply.body])
        assert.deepStrictEqual(
          [repeat.headers["etag"], repeat.headers["location"], repeat.headers["x-idempotent-replayed"]],
          [reply.headers["etag"], reply.headers["location"], "true"]
        )
        assert.isUndefined(reply.headers["x-idempotent-replayed"])
      }
      assert.strictEqual(store.dump().events.length, events)
      const reused = yield* call("POST", bins, bin(), key)
      assert.deepStrictEqual(codeOf(reused), [422, "idempotency_key_reused"])
      const elsewhere = yield* call("POST", "/ops/customers", { profile: { name: "x" } }, key)
      assert.deepStrictEqual(codeOf(elsewhere), [422, "idempotency_key_reused"])
    })
  )

  it.effect("another tenant's bin looks like one that does not exist", () =>
    Effect.gen(function* () {
      const { otherToken, store } = yield* Edge
      const id = yield* newBin()
      const before = store.dump()
      const foreign = { authorization: `Bearer ${otherToken}`, "x-correlation-id": "same", "if-match": '"1"' }
      const ask = (path: string) =>
        Effect.all([
          call("GET", path, undefined, foreign),
          call("GET", `${path}?asOf=1`, undefined, foreign),
          call("PATCH", path, {}, foreign),
          call("POST", `${path}/capacity`, { capacityLitres: 1 }, foreign),
          call("DELETE", path, undefined, foreign)
        ])
      const theirs = yield* ask(`${bins}/${id}`)
      const none = yield* ask(nobodys)
      assert.deepStrictEqual(
        theirs.map(({ body, status }) => [status, body]),
        none.map(({ body, status }) => [status, body])
      )
      assert.deepStrictEqual(
        theirs.map(codeOf),
        theirs.map(() => [404, "bin_not_found"] as const)
      )
      assert.deepStrictEqual(store.dump(), before)
    })
  )
})

layer(edge, { excludeTestServices: true })("lists of bins", (it) => {
  const listed = (query: string) =>
    Effect.map(call("GET", `${bins}?${query}`), (reply) => {
      assert.strictEqual(reply.status, 200, reply.body)
      return reply.json as {
        readonly items: ReadonlyArray<{ readonly id: BinId; readonly distanceMetres?: number }>
        readonly nextCursor: string | null
      }
    })
  const everyPage = Effect.fnUntraced(function* (query: string) {
    const ids: Array<string> = []
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Effect.Success<ReturnType<typeof listed>> = yield* listed(`${query}${cursor}`)
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`
    }
    return ids
  })

  it.effect("plain parameters and a filter are joined by and, over pages that lose and repeat nothing", () =>
    Effect.gen(function* () {
      const tanks: Array<string> = []
      for (const size of [100, 200, 300, 400, 500]) tanks.unshift(yield* newBin({ category: "tank", sizeLitres: size }))
      yield* newBin({ category: "wheelie", sizeLitres: 300 })
      assert.deepStrictEqual(yield* everyPage("category=tank&limit=2"), tanks)
      const filter = encodeURIComponent("sizeLitres gt 100 and not (sizeLitres gt 400)")
      assert.deepStrictEqual(yield* everyPage(`category=tank&limit=1&filter=${filter}`), tanks.slice(1, 4))
      const [first = ""] = tanks
      const serialNumber = String((yield* call("GET", `${bins}/${first}`)).json["serialNumber"])
      assert.deepStrictEqual(yield* everyPage(`serialNumber=${serialNumber}`), [first])
      assert.deepStrictEqual(yield* everyPage("category=tank&status=Retired"), [])
    })
  )

  it.effect("around a place the nearest come first, with their distance, page by page", () =>
    Effect.gen(function* () {
      const at = (lon: number) => newBin({ location: { lat: 10, lon } })
      const far = yield* at(20.003)
      const near = yield* at(20.001)
      const twins = [yield* at(20.002), yield* at(20.002)].sort()
      yield* at(21)
      const around = "near=10,20&radius=1000"
      assert.deepStrictEqual(yield* everyPage(`${around}&limit=1`), [near, ...twins, far])
      const { items } = yield* listed(around)
      assert.deepStrictEqual(
        items.map(({ distanceMetres }) => distanceMetres),
        [109.5, 219, 219, 328.5]
      )
      assert.deepStrictEqual(yield* everyPage(`${around}&category=tank`), [])
    })
  )

  it.effect("what is wrong with a query is said, and a cursor is good for its own list alone", () =>
    Effect.gen(function* () {
      const invalid = yield* call("GET", `${bins}?filter=${encodeURIComponent("colour eq 1")}`)
      assert.deepStrictEqual(codeOf(invalid), [422, "invalid_filter"])
      assert.deepInclude((invalid.json["errors"] as ReadonlyArray<object>)[0], { path: "query.filter" })
      for (const query of ["near=10,20", "radius=5", "near=91,0&radius=5", "near=1,1&radius=0", "colour=red"]) {
        assert.deepStrictEqual(codeOf(yield* call("GET", `${bins}?${query}`)), [422, "invalid_request"], query)
      }
      const { nextCursor } = yield* listed("limit=1")
      const { nextCursor: nearCursor } = yield* listed("near=10,20&radius=1000&limit=1")
      for (const query of [
        `limit=1&status=Active&cursor=${nextCursor}`,
        `near=10,20&radius=1000&cursor=${nextCursor}`,
        `near=10,20&radius=1001&cursor=${nearCursor}`,
        `cursor=${nearCursor}`
      ]) {
        assert.deepStrictEqual(codeOf(yield* call("GET", `${bins}?${query}`)), [400, "invalid_cursor"], query)
      }
      assert.strictEqual((yield* call("GET", `/ops/orders?cursor=${nextCursor}`)).status, 400)
    })
  )
})
