import { IdempotencyKey, OrderId } from "@dueline/contracts/Ids"
import { derivedId, notificationCallId } from "@dueline/identity/derivedId"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { call, codeOf, hours, made, newBin, newCustomer, wanted } from "./field.ts"

const orders = "/ops/orders"
const nobody = "00000000-0000-4000-8000-000000000000"

layer(edge, { excludeTestServices: true })("orders", (it) => {
  it.effect("an order goes from a draft through every step to its end, each time with its version", () =>
    Effect.gen(function* () {
      const { order } = yield* wanted
      const window = hours(4, 8, 10)
      const created = yield* call("POST", orders, { ...order, window })
      assert.strictEqual(created.status, 201, created.body)
      assert.deepInclude(created.json, { ...order, status: "Draft", window, items: [], endedAt: null, version: 1 })
      const path = created.headers["location"] ?? ""
      const steps: ReadonlyArray<readonly [string, unknown, object]> = [
        ["items", { items: [{ material: "rubble", quantity: 2, unit: "piece" }] }, { status: "Draft", version: 2 }],
        ["schedule", undefined, { status: "Scheduled", window, version: 3 }],
        ["confirm", {}, { status: "Confirmed", version: 4 }],
        ["move", { window: hours(5, 8, 10) }, { status: "Scheduled", window: hours(5, 8, 10), version: 5 }],
        ["complete", undefined, { status: "Completed", version: 6 }]
      ]
      for (const [step, body, expected] of steps) {
        const present = (yield* call("GET", path)).headers["etag"] ?? ""
        const reply = yield* call("POST", `${path}/${step}`, body, { "if-match": present })
        assert.strictEqual(reply.status, 200, reply.body)
        assert.deepInclude(reply.json, expected, step)
        assert.strictEqual(reply.headers["etag"], `"${reply.json["version"]}"`)
      }
      const { json } = yield* call("GET", path)
      assert.deepInclude(json, { status: "Completed", items: [{ material: "rubble", quantity: 2, unit: "piece" }] })
      assert.strictEqual(json["endedAt"], json["updatedAt"])
      const late = yield* call("POST", `${path}/cancel`)
      assert.deepStrictEqual(codeOf(late), [409, "order_not_in_state"])
      assert.deepInclude(late.json["conflict"], { status: "Completed" })
    })
  )

  it.effect(
    "a window that another order holds is refused with the orders in the way and the nearest free windows",
    () =>
      Effect.gen(function* () {
        const { order, scheduled } = yield* wanted
        const first = made(yield* call("POST", orders, scheduled))
        const second = made(yield* call("POST", orders, { ...scheduled, window: hours(4, 13, 15) }))
        const refused = yield* call("POST", orders, { ...scheduled, window: hours(4, 9, 14) })
        assert.deepStrictEqual(codeOf(refused), [409, "schedule_conflict"])
        assert.deepStrictEqual(refused.json["conflict"], {
          orders: [
            { id: first.id, status: "Scheduled", window: hours(4, 8, 10) },
            { id: second.id, status: "Scheduled", window: hours(4, 13, 15) }
          ],
          freeWindows: [hours(4, 3, 8), hours(4, 15, 20)]
        })
        // What was proposed is taken, and windows that only touch do not overlap.
        for (const window of [hours(4, 3, 8), hours(4, 15, 20), hours(4, 10, 13)]) {
          assert.strictEqual((yield* call("POST", orders, { ...scheduled, window })).status, 201)
        }
        const draft = made(yield* call("POST", orders, { ...order, window: hours(4, 8, 9) }))
        assert.deepStrictEqual(codeOf(yield* call("POST", `${orders}/${draft.id}/schedule`, {})), [
          409,
          "schedule_conflict"
        ])
      })
  )

  it.effect("an order that is moved is not in its own way", () =>
    Effect.gen(function* () {
      const { scheduled } = yield* wanted
      const moving = made(yield* call("POST", orders, scheduled))
      const other = made(yield* call("POST", orders, { ...scheduled, window: hours(4, 11, 12) }))
      const move = (window: object) => call("POST", `${orders}/${moving.id}/move`, { window }, { "if-match": '"2"' })
      const refused = yield* move(hours(4, 9, 12))
      assert.deepStrictEqual(codeOf(refused), [409, "schedule_conflict"])
      const conflict = refused.json["conflict"] as {
        readonly orders: ReadonlyArray<{ id: string }>
        freeWindows: unknown
      }
      assert.deepStrictEqual(
        conflict.orders.map(({ id }) => id),
        [other.id]
      )
      assert.deepStrictEqual(conflict.freeWindows, [hours(4, 8, 11), hours(4, 12, 15)])
      assert.strictEqual((yield* move(hours(4, 9, 11))).status, 200)
    })
  )

  it.effect("of several orders for one window at once one gets it", () =>
    Effect.gen(function* () {
      const { scheduled } = yield* wanted
      const replies = yield* Effect.all(
        Array.from({ length: 8 }, () => call("POST", orders, scheduled)),
        { concurrency: "unbounded" }
      )
      const statuses = replies.map(({ status }) => status).sort()
      assert.deepStrictEqual(statuses, [201, ...Array.from({ length: 7 }, () => 409)])
    })
  )

  it.effect("customer and bin have to be there and fit each other, and what does not fit is named", () =>
    Effect.gen(function* () {
      const { binId, order } = yield* wanted
      const kept = yield* newBin({ customerId: yield* newCustomer })
      const idle = yield* newBin()
      yield* call("PATCH", `/ops/bins/${idle}`, { status: "Maintenance" }, { "if-match": "*" })
      const retired = yield* newBin()
      yield* call("DELETE", `/ops/bins/${retired}`)
      const gone = yield* newCustomer
      yield* call("DELETE", `/ops/customers/${gone}`)
      for (const [change, code, reason] of [
        [{ customerId: nobody }, "customer_unfit", "not_found"],
        [{ customerId: gone }, "customer_unfit", "erased"],
        [{ binId: nobody }, "bin_unfit", "not_found"],
        [{ binId: kept }, "bin_unfit", "of_another_customer"],
        [{ binId: idle }, "bin_unfit", "in_maintenance"],
        [{ binId: retired }, "bin_unfit", "retired"]
      ] as const) {
        const reply = yield* call("POST", orders, { ...order, ...change })
        assert.deepStrictEqual(codeOf(reply), [409, code], reason)
        assert.deepStrictEqual(reply.json["conflict"], { reason })
      }
      const missing = yield* call("POST", orders, { ...order, binId, schedule: true })
      assert.deepStrictEqual(codeOf(missing), [422, "window_missing"])
    })
  )

  it.effect("a move needs the version it is meant for; the other steps honour it where it is sent", () =>
    Effect.gen(function* () {
      const { scheduled } = yield* wanted
      const path = `${orders}/${made(yield* call("POST", orders, scheduled)).id}`
      const move = { window: hours(6, 8, 9) }
      assert.deepStrictEqual(codeOf(yield* call("POST", `${path}/move`, move)), [428, "if_match_required"])
      for (const [step, body] of [
        ["move", move],
        ["items", { items: [{ material: "wood", quantity: 1, unit: "piece" }] }],
        ["schedule", {}],
        ["confirm", undefined],
        ["complete", undefined],
        ["cancel", undefined]
      ] as const) {
        const stale = yield* call("POST", `${path}/${step}`, body, { "if-match": '"1"' })
        assert.deepStrictEqual([stale.status, stale.headers["etag"]], [412, '"2"'], step)
      }
      assert.strictEqual((yield* call("POST", `${path}/cancel`)).json["status"], "Cancelled")
    })
  )

  it.effect("more items than an order holds are refused, at once and by and by", () =>
    Effect.gen(function* () {
      const { order } = yield* wanted
      const items = (count: number) =>
        Array.from({ length: count }, (_, n) => ({ material: `m${n}`, quantity: 1, unit: "piece" }))
      assert.deepStrictEqual(codeOf(yield* call("POST", orders, { ...order, items: items(101) })), [
        422,
        "invalid_request"
      ])
      const { id } = made(yield* call("POST", orders, { ...order, items: items(60) }))
      const more = yield* call("POST", `${orders}/${id}/items`, { items: items(41) })
      assert.deepStrictEqual(codeOf(more), [422, "too_many_items"])
      assert.strictEqual((yield* call("POST", `${orders}/${id}/items`, { items: items(40) })).status, 200)
    })
  )

  it.effect("a repeat under the key is answered as the first time", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const { scheduled } = yield* wanted
      const create = call("POST", orders, scheduled, { "idempotency-key": "order-once" })
      const first = yield* create
      assert.strictEqual(first.json["id"], derivedId("order", tenant, IdempotencyKey.make("order-once")))
      const path = first.headers["location"] ?? ""
      const cancel = call("POST", `${path}/cancel`, undefined, { "idempotency-key": "order-cancel" })
      const cancelled = yield* cancel
      const events = store.dump().events.length
      for (const [reply, repeat] of [
        [first, yield* create],
        [cancelled, yield* cancel]
      ] as const) {
        assert.deepStrictEqual([repeat.status, repeat.body], [reply.status, reply.body])
        assert.strictEqual(repeat.headers["x-idempotent-replayed"], "true")
      }
      assert.strictEqual(store.dump().events.length, events)
      const other = yield* call("POST", `${path}/complete`, undefined, { "idempotency-key": "order-cancel" })
      assert.deepStrictEqual(codeOf(other), [422, "idempotency_key_reused"])
    })
  )

  it.effect("lists are found by status, customer, bin and the time a window touches", () =>
    Effect.gen(function* () {
      const { binId, customerId, order, scheduled } = yield* wanted
      const draft = made(yield* call("POST", orders, order)).id
      const early = made(yield* call("POST", orders, scheduled)).id
      const late = made(yield* call("POST", orders, { ...scheduled, window: hours(5, 8, 10) })).id
      const ids = (query: string) =>
        Effect.map(call("GET", `${orders}?${query}`), ({ body, json }) => {
          assert.isArray(json["items"], body)
          return (json["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)
        })
      assert.deepStrictEqual(yield* ids(`binId=${binId}`), [late, early, draft])
      assert.deepStrictEqual(yield* ids(`customerId=${customerId}&status=Draft`), [draft])
      const between = ({ from, to }: { from: string; to: string }) => `binId=${binId}&from=${from}&to=${to}`
      assert.deepStrictEqual(yield* ids(between(hours(4, 9, 20))), [early])
      assert.deepStrictEqual(yield* ids(between(hours(4, 10, 20))), [])
      assert.deepStrictEqual(yield* ids(`binId=${binId}&from=${hours(4, 10, 11).from}`), [late])
      assert.deepStrictEqual(yield* ids(`binId=${binId}&filter=windowFrom%20missing`), [draft])
    })
  )
})

layer(edge, { excludeTestServices: true })("notifications of orders", (it) => {
  const withNotifications = (...notifications: ReadonlyArray<object>) =>
    Effect.flatMap(wanted, ({ scheduled }) => call("POST", orders, { ...scheduled, notifications }))

  it.effect("each is shown with its lead time, its flow and the call that is made of it", () =>
    Effect.gen(function* () {
      const url = "https://example.com/hooks"
      const flow = { key: "partner", concurrency: 2, ratePerSecond: 0.5 }
      const { id, notifications } = made<{ readonly notifications: unknown }>(
        yield* withNotifications({ url, lead: "90m" }, { url, lead: "P1D", flow }, { url, lead: "0s" })
      )
      const callId = (index: number) => notificationCallId(tenant, OrderId.make(id), index)
      assert.deepStrictEqual(notifications, [
        { url, lead: "PT1H30M", callId: callId(0) },
        { url, lead: "P1D", flow, callId: callId(1) },
        { url, lead: "PT0S", callId: callId(2) }
      ])
    })
  )

  it.effect("what would not be sent is refused at the door, and an address with a secret in it", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const before = store.dump().rows.filter(({ _tag }) => _tag === "OrderRow").length
      const reply = yield* withNotifications(
        { url: "https://example.com/hooks", lead: "1h" },
        { url: "http://127.0.0.1/hooks", lead: "1h" },
        { url: "https://example.com/hooks?token=s3cr3t", lead: "1h" }
      )
      assert.deepStrictEqual(codeOf(reply), [422, "request_refused"])
      assert.deepStrictEqual(
        (reply.json["errors"] as ReadonlyArray<Record<string, string>>).map(({ code, path }) => [path, code]),
        [
          ["body.notifications.1.url", "address_denied"],
          ["body.notifications.2.url", "secret_in_url"]
        ]
      )
      assert.notInclude(reply.body, "s3cr3t")
      assert.strictEqual(store.dump().rows.filter(({ _tag }) => _tag === "OrderRow").length, before)
    })
  )

  it.effect("a lead time is a duration in words, of a month at the most", () =>
    Effect.gen(function* () {
      for (const lead of [30, "30", "", "P", "32d", "1 hour"]) {
        const reply = yield* withNotifications({ url: "https://example.com/", lead })
        assert.deepStrictEqual(codeOf(reply), [422, "invalid_request"], String(lead))
        const [error] = reply.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.strictEqual(error?.path, "body.notifications.0.lead")
      }
    })
  )

  it.effect("a window that ends before it begins, is too long, or too far away is refused", () =>
    Effect.gen(function* () {
      const { scheduled } = yield* wanted
      const { from } = hours(4, 8, 10)
      for (const to of [from, hours(3, 8, 9).to, hours(36, 8, 9).to, "2026-02-30T00:00:00Z", "tomorrow"]) {
        const reply = yield* call("POST", orders, { ...scheduled, window: { from, to } })
        assert.deepStrictEqual(codeOf(reply), [422, "invalid_request"], to)
        const [error] = reply.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.strictEqual(error?.path, "body.window.to", to)
      }
      const distant = yield* call("POST", orders, { ...scheduled, window: hours(3_700, 8, 9) })
      assert.deepStrictEqual(codeOf(distant), [422, "invalid_request"])
    })
  )
})
