import { assert, it, layer } from "@effect/vitest"
import { BulkJobId } from "@dueline/contracts/bulkJob/BulkJob"
import { EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Edge, later, layer as edge, tenant } from "./Edge.ts"
import { plannedTimes } from "../src/jobs/pastPlans.ts"
import { call, codeOf } from "./field.ts"

let serial = 0
const ms = (iso: string) => EpochMillis.make(Date.parse(iso))

/** Calls that one tag tells from all others here. */
const calls = Effect.fnUntraced(function* (count: number) {
  const { submit } = yield* Edge
  const tag = `job-${(serial += 1)}`
  const ids: Array<string> = []
  for (let n = 0; n < count; n += 1) {
    const reply = yield* submit({
      ...later,
      tags: [tag],
      request: { method: "POST", url: `https://${n % 2}.example.com/a` }
    })
    ids.push(String(reply.json["id"]))
  }
  return { ids, filter: { tags: [tag] } }
})

const plan = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  call("POST", "/v1/jobs/plan", body, headers)
const start = (token: unknown, more: object = {}, headers: Readonly<Record<string, string>> = {}) =>
  call("POST", "/v1/jobs", { token, ...more }, headers)

const started = Effect.fnUntraced(function* (count = 2) {
  const { filter, ids } = yield* calls(count)
  const { json } = yield* plan({ action: "cancel-calls", filter })
  const reply = yield* start(json["token"], { rate: 7 })
  assert.strictEqual(reply.status, 201, reply.body)
  return { ids, token: json["token"], id: BulkJobId.make(String(reply.json["id"])), reply }
})

layer(edge)("jobs", (it) => {
  it.effect(
    "a plan counts by target, shows a sample, and touches nothing; its token starts one job, however often it is sent",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const { filter, ids } = yield* calls(3)
        const before = store.dump().events.length
        const planned = yield* plan({ action: "cancel-calls", filter })
        assert.strictEqual(planned.status, 200, planned.body)
        assert.lengthOf(store.dump().events, before)
        const at = yield* Clock.currentTimeMillis
        assert.deepInclude(planned.json, {
          action: "cancel-calls",
          count: 3,
          exact: true,
          byTarget: [
            { name: "https://0.example.com", count: 2 },
            { name: "https://1.example.com", count: 1 }
          ],
          byReason: [],
          plannedAt: new Date(at).toISOString(),
          expiresAt: new Date(at + 900_000).toISOString()
        })
        const sample = planned.json["sample"] as unknown as ReadonlyArray<{ readonly id: string }>
        assert.sameMembers(
          sample.map(({ id }) => id),
          ids
        )
        const [first, again] = [yield* start(planned.json["token"]), yield* start(planned.json["token"], { rate: 1 })]
        assert.deepStrictEqual([first.status, again.status], [201, 201])
        assert.deepStrictEqual(again.json, first.json)
        assert.deepInclude(first.json, {
          action: "cancel-calls",
          filter: { status: "Scheduled", ...filter },
          status: "Running",
          rate: 50,
          startedBy: "tester",
          progress: { done: 0, failed: 0, skipped: 0 }
        })
        const path = String(first.headers["location"])
        assert.strictEqual(path, `/v1/jobs/${String(first.json["id"])}`)
        const read = yield* call("GET", path)
        assert.deepInclude(read.json, first.json)
        assert.strictEqual((yield* call("GET", path, undefined, { "if-none-match": '"1"' })).status, 304)
        assert.lengthOf(
          (yield* call("GET", "/v1/jobs?status=Running")).json["items"] as unknown as ReadonlyArray<unknown>,
          1
        )
      }),
    { tags: ["ADR-0033.5"] }
  )

  it.effect(
    "a token that was changed, is another tenant's, or is too old starts nothing",
    () =>
      Effect.gen(function* () {
        const { otherToken, store } = yield* Edge
        const { filter } = yield* calls(1)
        const token = String((yield* plan({ action: "cancel-calls", filter })).json["token"])
        const [text = "", mark = ""] = token.split(".")
        const other = String((yield* plan({ action: "cancel-calls", filter: { q: "x" } })).json["token"])
        const events = store.dump().events.length
        const wrong = [
          `${text}A.${mark}`,
          `${text}.${mark.slice(0, -2)}AA`,
          `${other.split(".")[0]}.${mark}`,
          text,
          "."
        ]
        for (const each of wrong) assert.deepStrictEqual(codeOf(yield* start(each)), [422, "plan_invalid"], each)
        const foreign = yield* start(token, {}, { authorization: `Bearer ${otherToken}` })
        assert.deepStrictEqual(codeOf(foreign), [422, "plan_invalid"])
        const inTime = yield* start(other)
        yield* TestClock.adjust("16 minutes")
        assert.deepStrictEqual(codeOf(yield* start(token)), [422, "plan_expired"])
        assert.deepStrictEqual((yield* start(other)).json, inTime.json, "the job that it started is still told")
        assert.lengthOf(store.dump().events, events + 1)
      }),
    { tags: ["ADR-0033.5"] }
  )

  it.effect("a plan that is none is told what is wrong", () =>
    Effect.gen(function* () {
      const run = { action: "run-calls" }
      const answers: ReadonlyArray<readonly [unknown, string]> = [
        [{ ...run, filter: {} }, "empty_filter"],
        [{ ...run }, "invalid_request"],
        [{ ...run, filter: { status: "Scheduled" } }, "invalid_request"],
        [{ ...run, filter: { topic: "ops.order.scheduled" } }, "invalid_request"],
        [{ ...run, filter: { q: "x" }, moveBy: "1h" }, "invalid_request"],
        [{ action: "move-calls", filter: { q: "x" } }, "invalid_request"],
        [{ action: "move-calls", filter: { q: "x" }, moveBy: "1h", moveTo: "2030-01-01T00:00:00Z" }, "invalid_request"],
        [{ action: "move-calls", filter: { q: "x" }, moveBy: "0s" }, "invalid_request"],
        [{ action: "replay-dead-letters", filter: { status: "Failed" } }, "invalid_request"],
        [{ action: "drop-calls", filter: { q: "x" } }, "invalid_request"]
      ]
      for (const [body, code] of answers) {
        assert.deepStrictEqual(codeOf(yield* plan(body)), [422, code], JSON.stringify(body))
      }
      const { token } = yield* started(1)
      for (const rate of [0, 201, 1.5])
        assert.deepStrictEqual(codeOf(yield* start(token, { rate })), [422, "invalid_request"])
    })
  )

  it.effect("whoever may not change calls may not have a job change them", () =>
    Effect.gen(function* () {
      const { mint } = yield* Edge
      const scopes = ["ops:jobs.write", "ops:dead-letters.write"]
      const authorization = `Bearer ${yield* mint({ subject: "clerk", tenantId: tenant, scopes, ttlSeconds: 60 })}`
      const body = { action: "run-calls", filter: { q: "x" } }
      assert.deepStrictEqual(codeOf(yield* plan(body, { authorization })), [403, "insufficient_scope"])
      const { token } = yield* started(1)
      assert.deepStrictEqual(codeOf(yield* start(token, {}, { authorization })), [403, "insufficient_scope"])
      const letters = { action: "replay-dead-letters", filter: { topic: "t" } }
      assert.strictEqual((yield* plan(letters, { authorization })).status, 200)
    })
  )

  it.effect("a job pauses, goes on and is aborted, under the version that was seen, and is over after that", () =>
    Effect.gen(function* () {
      const { id, reply } = yield* started()
      const to = (what: string, version?: number) =>
        call("POST", `/v1/jobs/${id}/${what}`, undefined, version === undefined ? {} : { "if-match": `"${version}"` })
      assert.strictEqual(reply.headers["etag"], '"1"')
      assert.deepStrictEqual(codeOf(yield* to("pause", 9)), [412, "version_mismatch"])
      assert.strictEqual((yield* to("pause", 1)).json["status"], "Paused")
      assert.strictEqual((yield* to("pause")).json["version"], 2)
      assert.strictEqual((yield* to("resume", 2)).json["status"], "Running")
      assert.strictEqual((yield* to("abort")).json["status"], "Aborting")
      assert.deepStrictEqual(codeOf(yield* to("pause")), [409, "job_over"])
    })
  )

  it.effect("each item of a job is listed with what became of it", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const { id, ids } = yield* started()
      const items = ids.map((item) => ({ id: item, at: 0, version: 1 }))
      yield* store.jobItems.claim({ tenantId: tenant, bulkJobId: id, step: 1, items })
      const results = [{ id: ids[0] ?? "", outcome: "skipped", detail: "VersionMismatch" }] as const
      yield* store.jobItems.settle({ tenantId: tenant, bulkJobId: id, results })
      const page = yield* call("GET", `/v1/jobs/${id}/items?limit=1`)
      assert.strictEqual(page.status, 200, page.body)
      assert.isNotNull(page.json["nextCursor"])
      const skipped = yield* call("GET", `/v1/jobs/${id}/items?outcome=skipped`)
      assert.deepStrictEqual(skipped.json["items"], [
        {
          id: ids[0],
          outcome: "skipped",
          detail: "VersionMismatch",
          links: { self: `/v1/service-calls/${ids[0]}` }
        }
      ])
    })
  )

  it.effect(
    "one dead letter is replayed by a job of its own, the same one until it is given up again",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const message = {
          eventId: "00000000-0000-7000-8000-0000000000a1",
          tenantId: tenant,
          streamId: "00000000-0000-7000-8000-00000000cafe" as StreamId,
          topic: "ops.bin.created",
          payload: {}
        }
        yield* store.deadLetters.keep({ message, group: "mails", reasons: ["gave up"] })
        const [letter] = (yield* call("GET", "/v1/dead-letters")).json["items"] as unknown as ReadonlyArray<{
          readonly id: string
          readonly links: { readonly self: string }
        }>
        const replay = call("POST", `${letter?.links.self}/replay`)
        const [first, again] = [yield* replay, yield* replay]
        assert.strictEqual(first.status, 202, first.body)
        assert.deepInclude(first.json, { action: "replay-dead-letters", deadLetter: letter?.id, rate: 1 })
        assert.deepStrictEqual(again.json, first.json)
        const by = { tenantId: tenant, id: letter?.id as never, job: String(first.json["id"]) }
        yield* store.deadLetters.take({ ...by, before: Number.MAX_SAFE_INTEGER })
        assert.deepStrictEqual((yield* replay).json, first.json)
        yield* store.deadLetters.settle({ ...by, error: null })
        assert.deepStrictEqual(codeOf(yield* replay), [409, "dead_letter_not_waiting"])
        const redelivery = { group: "mails", replay: 1 }
        yield* store.deadLetters.keep({ message: { ...message, redelivery }, group: "mails", reasons: ["again"] })
        assert.notStrictEqual((yield* replay).json["id"], first.json["id"])
      }),
    { tags: ["ADR-0033.6"] }
  )

  it.effect(
    "a back-fill is planned from the times of its range; what cannot be one is refused, and nothing is stored",
    () =>
      Effect.gen(function* () {
        const { mint, store } = yield* Edge
        const request = { method: "GET", url: "https://example.com/{{occurrence.date}}" }
        const { json } = yield* call("POST", "/v1/schedules", { cron: "*/5 * * * *", zone: "Europe/Prague", request })
        const schedule = String(json["id"])
        const { length } = store.dump().events
        const action = "backfill-schedule"
        const range = { schedule, from: "1970-01-01T00:00:00.000Z", to: "1970-01-01T00:15:00.000Z" }
        const planned = yield* plan({ action, filter: range })
        assert.strictEqual(planned.status, 200, planned.body)
        assert.deepInclude(planned.json, { action, count: 3, exact: true, byReason: [] })
        assert.deepInclude(planned.json["times"], {
          first: "1970-01-01T01:00:00+01:00",
          passedOver: 0,
          transitions: []
        })
        const nobodys = "00000000-0000-4000-8000-000000000000"
        for (const [filter, code] of [
          [{ schedule, from: range.from }, "invalid_request"],
          [{ ...range, from: range.to }, "invalid_request"],
          [{ ...range, to: "2026-04-02T00:00:01Z" }, "invalid_request"],
          [{ ...range, schedule: nobodys }, "invalid_request"],
          [{ ...range, topic: "t" }, "invalid_request"]
        ] as const) {
          assert.deepStrictEqual(codeOf(yield* plan({ action, filter })), [422, code], JSON.stringify(filter))
        }
        const scopes = ["ops:jobs.write", "ops:calls.write"]
        const authorization = `Bearer ${yield* mint({ subject: "clerk", tenantId: tenant, scopes, ttlSeconds: 60 })}`
        const forbidden = yield* plan({ action, filter: range }, { authorization })
        assert.deepStrictEqual(codeOf(forbidden), [403, "insufficient_scope"])
        assert.lengthOf(store.dump().events, length)
        const { json: job } = yield* start(planned.json["token"])
        assert.deepInclude(job, { action, status: "Running", filter: range })
      }),
    { tags: ["ADR-0036.5"] }
  )

  it.effect("a redelivery is planned from what is kept and asked for now; its items lead to what delivered them", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const hook = { url: "https://example.com/hooks", topics: ["ops.bulk-job.*"] }
      const subscription = String((yield* call("POST", "/v1/subscriptions", hook)).json["id"])
      const { id } = yield* started(1)
      const action = "redeliver-messages"
      yield* TestClock.adjust(1)
      const { length } = store.dump().events
      const kept = (yield* store.deliveries.unsorted(1_000)).filter(({ streamId }) => streamId === (id as string))
      const from = new Date(kept[0]?.keptAt ?? 0).toISOString()
      const range = { subscription, from, to: new Date((kept[0]?.keptAt ?? 0) + 1).toISOString() }
      const planned = yield* plan({ action, filter: range })
      assert.strictEqual(planned.status, 200, planned.body)
      assert.deepInclude(planned.json, { action, count: 1, exact: true })
      assert.deepStrictEqual(planned.json["byTarget"], [{ name: "ops.bulk-job.started", count: 1 }])
      const [sample] = planned.json["sample"] as unknown as ReadonlyArray<object>
      assert.deepInclude(sample, { links: { self: `/v1/service-calls?tag=event:${kept[0]?.eventId}` } })
      for (const filter of [
        { subscription, from },
        { ...range, to: "2026-04-02T00:00:01Z" },
        { ...range, from: range.to },
        { ...range, subscription: "00000000-0000-4000-8000-000000000000" }
      ]) {
        assert.deepStrictEqual(
          codeOf(yield* plan({ action, filter })),
          [422, "invalid_request"],
          JSON.stringify(filter)
        )
      }
      assert.lengthOf(store.dump().events, length)
      const { json: job } = yield* start(planned.json["token"])
      assert.deepInclude(job, { action, status: "Running", filter: range })
    })
  )
})

it.effect("a plan of times says what the change of clocks makes of them, and ends at ten thousand", () =>
  Effect.gen(function* () {
    const timing = { _tag: "Cron", expression: "30 2 * * *", zone: "Europe/Prague", repeatedHour: "auto" } as const
    const range = { from: ms("2026-03-28T00:00:00Z"), to: ms("2026-04-01T00:30:00Z") }
    const shifted = yield* plannedTimes({ ...timing, missingHour: "shift" }, range)
    assert.lengthOf(shifted?.times ?? [], 4)
    assert.deepStrictEqual(shifted?.byReason, [{ name: "shifted", count: 1 }])
    assert.deepInclude(shifted?.about, {
      first: "2026-03-28T02:30:00+01:00",
      last: "2026-03-31T02:30:00+02:00",
      missingHour: "shift",
      passedOver: 0
    })
    assert.deepInclude(shifted?.about.transitions[0], { at: "2026-03-29T01:00:00.000Z", kind: "forward" })
    const skipped = yield* plannedTimes({ ...timing, missingHour: "skip" }, range)
    assert.lengthOf(skipped?.times ?? [], 3)
    assert.strictEqual(skipped?.about.passedOver, 1)
    const minutely = { ...timing, expression: "* * * * *", missingHour: "shift" } as const
    assert.isNull(yield* plannedTimes(minutely, { ...range, from: ms("2026-03-20T00:00:00Z") }))
  })
)
