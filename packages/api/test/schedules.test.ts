/** Schedules over the edge: made, shown, changed, paused, resumed, run and deleted; and the times to come of a rule. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Edge, layer as edge } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const schedules = "/v1/schedules"
const nobodys = `${schedules}/00000000-0000-4000-8000-000000000000`
const request = { method: "POST", url: "https://example.com/{{occurrence.date}}", body: { at: "{{occurrence.at}}" } }
const nightly = (more: object = {}) => ({ cron: "30 2 * * *", zone: "europe/prague", request, ...more })

layer(edge)("schedules", (it) => {
  it.effect("one is made with its policies by name, shown with its next time, listed, and the same under its key", () =>
    Effect.gen(function* () {
      const key = { "idempotency-key": "nightly-1" }
      const created = yield* call("POST", schedules, nightly({ name: "nightly", jitter: "1m" }), key)
      const { id } = made(created)
      assert.deepInclude(created.json, {
        status: "Active",
        cron: "30 2 * * *",
        zone: "Europe/Prague",
        missingHour: "shift",
        repeatedHour: "auto",
        overlap: "skip",
        missed: { policy: "last", max: null, window: "PT1H" },
        jitter: "PT1M",
        revision: 1
      })
      assert.include(JSON.stringify(created.json["request"]), "{{occurrence.date}}")
      const next = created.json["next"] as { readonly at: string; readonly dueAt: string; readonly local: string }
      assert.match(next.local, /T02:30:00\+0[12]:00$/u)
      const jitter = Date.parse(next.dueAt) - Date.parse(next.at)
      assert.isTrue(jitter >= 0 && jitter <= 60_000)
      const again = yield* call("POST", schedules, nightly({ name: "nightly", jitter: "1m" }), key)
      assert.deepStrictEqual(again.json, created.json)
      const read = yield* call("GET", `${schedules}/${id}`)
      assert.deepInclude(read.json, created.json)
      const listed = yield* call("GET", `${schedules}?name=nightly`)
      assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 1)
      assert.deepStrictEqual(codeOf(yield* call("GET", nobodys)), [404, "schedule_not_found"])
    })
  )

  it.effect("what is wrong is refused at its place, and nothing is stored", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const before = store.dump().events.length
      for (const [body, path, said] of [
        [nightly({ cron: "0 0 L * *" }), "body.cron", "field 3 (day of month)"],
        [nightly({ cron: "0 0 30 2 *" }), "body.cron", "never comes"],
        [nightly({ zone: "+02:00" }), "body.zone", "offsets are refused"],
        [{ cron: "@daily", request }, "body.zone", "missing"],
        [nightly({ every: "1h" }), "body.every", "not both"],
        [nightly({ until: "1970-01-01T00:00:00Z" }), "body.cron", "never comes"],
        [nightly({ from: "2030-01-02T00:00:00Z", until: "2030-01-01T00:00:00Z" }), "body.until", "before"],
        [nightly({ jitter: "2d" }), "body.jitter", "0s to 1d"],
        [nightly({ flow: { key: "reports", concurrency: 0 } }), "body.flow.concurrency", ""],
        [nightly({ missed: { policy: "all", max: 101 } }), "body.missed.max", ""],
        [
          nightly({ request: { ...request, url: "https://example.com/{{occurrence.day}}" } }),
          "body.request.url",
          "occurrence.date"
        ],
        [nightly({ request: { ...request, url: "http://169.254.169.254/" } }), "body.request.url", ""]
      ] as const) {
        const reply = yield* call("POST", schedules, body)
        assert.strictEqual(reply.status, 422, reply.body)
        const errors = reply.json["errors"] as ReadonlyArray<{ readonly path: string; readonly message: string }>
        const found = errors.find((error) => error.path === path) ?? assert.fail(`nothing at ${path}: ${reply.body}`)
        assert.include(found.message, said)
      }
      assert.lengthOf(store.dump().events, before)
    })
  )

  it.effect("a change leaves what it does not name, makes another revision, and null takes away", () =>
    Effect.gen(function* () {
      const { id } = made(
        yield* call(
          "POST",
          schedules,
          nightly({ name: "changing", until: "2030-01-01T00:00:00Z", flow: { key: "reports", concurrency: 1 } })
        )
      )
      const path = `${schedules}/${id}`
      const changed = yield* call("PATCH", path, { cron: "0 4 * * *", missingHour: "skip", until: null })
      assert.deepInclude(changed.json, {
        cron: "0 4 * * *",
        missingHour: "skip",
        zone: "Europe/Prague",
        name: "changing",
        until: null,
        flow: { key: "reports", concurrency: 1 },
        revision: 2
      })
      const interval = yield* call("PATCH", path, { every: "90m", overlap: "queue", flow: null })
      assert.deepInclude(interval.json, {
        cron: null,
        every: "PT1H30M",
        missingHour: null,
        overlap: "queue",
        flow: null,
        revision: 3
      })
      const stale = yield* call("PATCH", path, { overlap: "allow" }, { "if-match": '"1"' })
      assert.deepStrictEqual(codeOf(stale), [412, "version_mismatch"])
    })
  )

  it.effect(
    "times that come while it is paused are left out, as one fact; run makes a call at once; deleted is deleted",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const { id } = made(yield* call("POST", schedules, nightly({ cron: "*/10 * * * *", name: "pausing" })))
        const path = `${schedules}/${id}`
        const paused = yield* call("POST", `${path}/pause`, { reason: "a fair" })
        assert.deepInclude(paused.json, { status: "Paused", pausedReason: "a fair", next: null })
        yield* TestClock.adjust("35 minutes")
        const resumed = yield* call("POST", `${path}/resume`)
        assert.deepInclude(resumed.json, { status: "Active", pausedReason: null })
        const skip = resumed.json["lastSkip"] as Readonly<Record<string, unknown>>
        assert.deepInclude(skip, { reason: "paused" })
        assert.include([3, 4], skip["count"])
        const ran = yield* call("POST", `${path}/run`)
        assert.isString((ran.json["last"] as { readonly callId: string }).callId)
        const deleted = yield* call("DELETE", path)
        assert.deepInclude(deleted.json, { status: "Deleted", next: null })
        assert.notInclude(JSON.stringify(store.dump().sealed), id)
        assert.deepStrictEqual(codeOf(yield* call("POST", `${path}/run`)), [409, "schedule_deleted"])
        const listed = yield* call("GET", `${schedules}?name=pausing`)
        assert.deepStrictEqual(listed.json["items"], [])
      })
  )

  it.effect(
    "a preview shows the next times in both zones, with what clocks do to them, of a kept rule and of a new one",
    () =>
      Effect.gen(function* () {
        const asked = { cron: "30 2 * * *", zone: "Europe/Prague", after: "2026-10-24T12:00:00Z", count: 2 }
        const both = yield* call("POST", `${schedules}/preview`, { ...asked, repeatedHour: "both" })
        assert.deepStrictEqual(both.json["items"], [
          { at: "2026-10-25T00:30:00.000Z", local: "2026-10-25T02:30:00+02:00", mark: "first" },
          { at: "2026-10-25T01:30:00.000Z", local: "2026-10-25T02:30:00+01:00", mark: "second" }
        ])
        assert.deepStrictEqual(both.json["transitions"], [
          {
            at: "2026-10-25T01:00:00.000Z",
            before: "2026-10-25T03:00:00+02:00",
            after: "2026-10-25T02:00:00+01:00",
            kind: "back"
          }
        ])
        const { id } = made(yield* call("POST", schedules, nightly()))
        const kept = yield* call("GET", `${schedules}/${id}/preview?count=3`)
        assert.lengthOf(kept.json["items"] as ReadonlyArray<unknown>, 3)
        assert.strictEqual((yield* call("GET", `${schedules}/${id}/preview?count=101`)).status, 422)
      })
  )
})
