import { IdempotencyKey, StreamId } from "@dueline/contracts/Ids"
import { derivedId } from "@dueline/identity/derivedId"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { call, codeOf, made, newCustomer, profile, wanted } from "./field.ts"

const customers = "/ops/customers"
const nobodys = `${customers}/00000000-0000-4000-8000-000000000000`

layer(edge, { excludeTestServices: true })("customers", (it) => {
  it.effect("a customer is registered, read and changed by merging, and shown in full by the detail alone", () =>
    Effect.gen(function* () {
      const created = yield* call("POST", customers, { profile })
      assert.strictEqual(created.status, 201, created.body)
      assert.notProperty(created.json, "profile")
      const path = created.headers["location"] ?? ""
      const read = yield* call("GET", path)
      assert.deepStrictEqual(read.json["profile"], profile)
      assert.deepStrictEqual([read.headers["etag"], read.headers["cache-control"]], ['"1"', "no-store"])
      assert.strictEqual((yield* call("GET", path, undefined, { "if-none-match": '"1"' })).status, 304)
      const changes = { profile: { phone: null, notes: "Ring twice", name: "Ada Lovelace" } }
      const changed = yield* call("PATCH", path, changes, { "if-match": '"1"' })
      assert.strictEqual(changed.status, 200, changed.body)
      assert.deepInclude(changed.json, { status: "Active", version: 2 })
      assert.notProperty(changed.json, "profile")
      assert.deepStrictEqual((yield* call("GET", path)).json["profile"], {
        name: "Ada Lovelace",
        email: profile.email,
        notes: "Ring twice"
      })
      const same = yield* call("PATCH", path, { profile: { name: "Ada Lovelace", phone: null } }, { "if-match": '"2"' })
      assert.deepStrictEqual([same.status, same.json["version"]], [200, 2])
      const list = yield* call("GET", `${customers}?limit=200`)
      assert.notInclude(list.body, "Ada")
      assert.include(list.body, String(created.json["id"]))
    })
  )

  it.effect(
    "an erased customer is gone for every reader, and its state without a profile is still told of a past version",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const id = yield* newCustomer
        const path = `${customers}/${id}`
        const erased = yield* call("DELETE", path)
        assert.deepInclude(erased.json, { id, status: "Erased", version: 2 })
        assert.strictEqual((yield* call("DELETE", path)).json["version"], 2)
        assert.deepStrictEqual(codeOf(yield* call("GET", path)), [410, "customer_erased"])
        const late = yield* call("PATCH", path, { profile: { name: "x" } }, { "if-match": '"2"' })
        assert.deepStrictEqual(codeOf(late), [410, "customer_erased"])
        for (const [version, status] of [
          [1, "Active"],
          [2, "Erased"]
        ] as const) {
          const past = yield* call("GET", `${path}?asOf=${version}`)
          assert.strictEqual(past.status, 200, past.body)
          assert.deepInclude(past.json, { id, status, profile: null, version })
        }
        assert.notProperty(store.dump().sealed, `${tenant}/${id}`)
      }),
    { tags: ["ADR-0015.6"] }
  )

  it.effect(
    "a profile that is gone or damaged is said to be lost, not erased; such a customer can still be erased",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        for (const sealed of [{ _tag: "erase" }, { _tag: "set", value: "key.damaged" }] as const) {
          const id = yield* newCustomer
          const path = `${customers}/${id}`
          const stream = {
            tenantId: tenant,
            streamId: StreamId.make(id),
            category: "customer",
            expectedVersion: 1
          } as const
          // The store takes no commit that says nothing at all.
          const receipt = {
            key: IdempotencyKey.make(`lost-${id}`),
            fingerprint: "",
            commandType: "Test",
            answer: null,
            expiresAt: 1
          }
          const receipts = [{ ...receipt, streamId: stream.streamId, version: 1 }]
          const nothing = { events: [], row: null, requires: [], snapshot: null, outbox: [], receipts }
          yield* store.persistence.commit([{ ...stream, ...nothing, sealed }])
          assert.deepStrictEqual(codeOf(yield* call("GET", path)), [500, "profile_lost"])
          const change = yield* call("PATCH", path, { profile: { name: "x" } }, { "if-match": '"1"' })
          assert.deepStrictEqual(codeOf(change), [500, "profile_lost"])
          assert.strictEqual((yield* call("GET", `${customers}?status=Active&limit=200`)).status, 200)
          assert.deepInclude((yield* call("DELETE", path)).json, { id, status: "Erased" })
          assert.deepStrictEqual(codeOf(yield* call("GET", path)), [410, "customer_erased"])
        }
      }),
    { tags: ["ADR-0026.6"] }
  )

  it.effect("orders that are to come keep a customer from being erased", () =>
    Effect.gen(function* () {
      const { customerId, scheduled } = yield* wanted
      const { id } = made(yield* call("POST", "/ops/orders", scheduled))
      const path = `${customers}/${customerId}`
      assert.deepStrictEqual(codeOf(yield* call("DELETE", path)), [409, "customer_in_use"])
      assert.strictEqual((yield* call("GET", path)).status, 200)
      yield* call("POST", `/ops/orders/${id}/cancel`)
      assert.strictEqual((yield* call("DELETE", path)).status, 200)
    })
  )

  it.effect("a change for whichever version there is waits for its turn, and none of forty at once is lost", () =>
    Effect.gen(function* () {
      const path = `${customers}/${yield* newCustomer}`
      const fields = ["email", "phone", "address", "notes"] as const
      const change = (_: unknown, i: number) => {
        const value = i % 4 === 0 ? `jo${i}@example.com` : i % 4 === 1 ? `+420 ${i}00` : `text ${i}`
        return call("PATCH", path, { profile: { [fields[i % 4] ?? "notes"]: value } }, { "if-match": "*" })
      }
      const replies = yield* Effect.forEach(Array.from({ length: 40 }), change, { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(replies.map(({ status }) => status))], [200])
      const versions = new Set(replies.map(({ json }) => json["version"]))
      assert.strictEqual(versions.size, 40)
      const gone = yield* call(
        "PATCH",
        `${customers}/00000000-0000-7000-8000-00000000dead`,
        { profile: { notes: "x" } },
        {
          "if-match": "*"
        }
      )
      assert.strictEqual(gone.status, 404)
    })
  )

  it.effect("tags that are weak or of another form match nothing, and of a list one has to be the present one", () =>
    Effect.gen(function* () {
      const path = `${customers}/${yield* newCustomer}`
      const change = (tags: string) => call("PATCH", path, { profile: { notes: tags } }, { "if-match": tags })
      for (const tags of ['W/"1"', '"one"', '"2", "3"', 'W/"1", "x,y"']) {
        const { headers, status } = yield* change(tags)
        assert.deepStrictEqual([status, headers["etag"]], [412, '"1"'], tags)
      }
      assert.strictEqual((yield* change('"7" ,W/"1",, "1"')).status, 200)
      for (const tags of ["1", '"1', '*, "2"', '"2" "3"', ","])
        assert.strictEqual((yield* change(tags)).status, 400, tags)
    })
  )

  it.effect("a change needs the version it is meant for, and of several at once none is lost", () =>
    Effect.gen(function* () {
      const path = `${customers}/${yield* newCustomer}`
      const change = (notes: string, headers = {}) => call("PATCH", path, { profile: { notes } }, headers)
      assert.deepStrictEqual(codeOf(yield* change("a")), [428, "if_match_required"])
      const stale = yield* change("a", { "if-match": '"9"' })
      assert.deepStrictEqual([stale.status, stale.headers["etag"]], [412, '"1"'])
      const replies = yield* Effect.forEach(["a", "b", "c", "d"], (notes) => change(notes, { "if-match": '"1"' }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(replies.map(({ status }) => status).sort(), [200, 412, 412, 412])
      assert.strictEqual((yield* change("e", { "if-match": "*" })).status, 200)
      assert.strictEqual((yield* call("DELETE", path, undefined, { "if-match": '"1"' })).status, 412)
    })
  )

  it.effect(
    "a repeat under the key is answered as the first time, also after the customer was erased",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const register = (sent: object) =>
          call("POST", customers, { profile: sent }, { "idempotency-key": "customer-once" })
        const first = yield* register(profile)
        assert.strictEqual(first.json["id"], derivedId("customer", tenant, IdempotencyKey.make("customer-once")))
        const path = first.headers["location"] ?? ""
        const change = call(
          "PATCH",
          path,
          { profile: { notes: "n" } },
          { "if-match": '"1"', "idempotency-key": "customer-change" }
        )
        const changed = yield* change
        yield* call("DELETE", path)
        const events = store.dump().events.length
        const { email, name, phone } = profile
        for (const [reply, repeat] of [
          [first, yield* register({ phone, email, name })],
          [changed, yield* change]
        ] as const) {
          assert.deepStrictEqual([repeat.status, repeat.body], [reply.status, reply.body])
          assert.strictEqual(repeat.headers["x-idempotent-replayed"], "true")
        }
        const reused = yield* register({ ...profile, name: "Bob" })
        assert.deepStrictEqual(codeOf(reused), [422, "idempotency_key_reused"])
        assert.strictEqual(store.dump().events.length, events)
      }),
    { tags: ["ADR-0006.1", "ADR-0006.2"] }
  )

  it.effect("another tenant's customer looks like one that does not exist", () =>
    Effect.gen(function* () {
      const { otherToken } = yield* Edge
      const id = yield* newCustomer
      const foreign = { authorization: `Bearer ${otherToken}`, "x-correlation-id": "same", "if-match": '"1"' }
      const ask = (path: string) =>
        Effect.all([
          call("GET", path, undefined, foreign),
          call("GET", `${path}?asOf=1`, undefined, foreign),
          call("PATCH", path, { profile: { name: "x" } }, foreign),
          call("DELETE", path, undefined, foreign)
        ])
      const theirs = yield* ask(`${customers}/${id}`)
      assert.deepStrictEqual(
        theirs.map(({ body, status }) => [status, body]),
        (yield* ask(nobodys)).map(({ body, status }) => [status, body])
      )
      for (const reply of theirs) assert.deepStrictEqual(codeOf(reply), [404, "customer_not_found"])
    })
  )

  it.effect("lists are filtered by what is not personal", () =>
    Effect.gen(function* () {
      const id = yield* newCustomer
      yield* call("DELETE", `${customers}/${id}`)
      const { json } = yield* call("GET", `${customers}?status=Erased&filter=version%20eq%202&limit=1`)
      const [first] = json["items"] as ReadonlyArray<{ readonly id: string; readonly erasedAt: string }>
      assert.strictEqual(first?.id, id)
      assert.isString(first?.erasedAt)
      const personal = yield* call("GET", `${customers}?filter=${encodeURIComponent('name eq "Ada"')}`)
      assert.deepStrictEqual(codeOf(personal), [422, "invalid_filter"])
    })
  )
})
