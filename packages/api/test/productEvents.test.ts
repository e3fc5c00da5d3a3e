/** Product events over the edge: stored once, each of a batch for itself, and whatever is wrong is told with what to do. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import { Edge, later, layer as edge, otherTenant } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const events = "/v1/events"
const json = { "content-type": "application/json" }
const track = (more: object = {}) => ({ event: "Order Shipped", userId: "user-7", ...more })
const item = (more: object = {}) => ({ type: "track", ...track(more) })

interface Results {
  readonly stored: number
  readonly duplicates: number
  readonly refused: number
  readonly items: ReadonlyArray<{
    readonly status: string
    readonly eventId: string | null
    readonly errors: ReadonlyArray<{ readonly path: string; readonly message: string }>
  }>
}
const resultsOf = (reply: { readonly status: number; readonly body: string }) => {
  assert.strictEqual(reply.status, 200, reply.body)
  return JSON.parse(reply.body) as Results
}
const listed = (query: string) =>
  Effect.map(
    call("GET", `${events}?${query}`),
    ({ json }) => json["items"] as ReadonlyArray<Readonly<Record<string, unknown>>>
  )

/** What it takes to send as another does: a key of a workspace. */
const writeKey = Effect.map(
  call("POST", "/v1/api-keys", { name: "web-shop", workspace: "shop", scopes: ["ops:events.write"] }),
  (reply) => made<{ readonly key: string }>(reply)
)

layer(edge, { excludeTestServices: true })("product events", (it) => {
  it.effect("an event is stored with its key's workspace and its schema version, and read as it was sent", () =>
    Effect.gen(function* () {
      const { id: apiKeyId, key } = yield* writeKey
      const headers = {
        authorization: "",
        "x-api-key": key,
        "x-event-schema-version": "1.4.0",
        "x-correlation-id": "0told"
      }
      const body = track({ event_id: "e-read", properties: { total: 19.9 }, timestamp: "2026-01-31T10:00:00+01:00" })
      const reply = yield* call("POST", `${events}/track`, body, headers)
      assert.strictEqual(reply.status, 200, reply.body)
      assert.strictEqual(reply.headers["x-correlation-id"], "0told")
      assert.deepInclude(reply.json, { status: "stored", eventId: "e-read" })
      const [read] = yield* listed("eventId=e-read")
      assert.deepInclude(read, {
        id: reply.json["id"],
        type: "track",
        name: "Order Shipped",
        userId: "user-7",
        workspace: "shop",
        apiKeyId,
        schemaVersion: "1.4.0",
        occurredAt: "2026-01-31T09:00:00.000Z",
        correlationId: "0told",
        document: { properties: { total: 19.9 } }
      })
      // Where nothing was said: no user, this version, now.
      const identified = yield* call("POST", `${events}/identify`, { anonymousId: "v-1", traits: { plan: "pro" } })
      const [somebody] = yield* listed("type=identify")
      assert.deepInclude(somebody, {
        eventId: identified.json["eventId"],
        schemaVersion: "1",
        workspace: "default",
        apiKeyId: null
      })
      const [occurred, received] = ["occurredAt", "receivedAt"].map((name) => Date.parse(String(somebody?.[name])))
      assert.isAtMost(Math.abs((occurred ?? 0) - (received ?? 0)), 10_000)
    })
  )

  it.effect(
    "the same event id again, also at the same time, is a duplicate; another tenant's is its own",
    () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        const body = JSON.stringify(track({ event_id: "e-twice" }))
        const post = (headers = {}) =>
          send({ method: "POST", path: `${events}/track`, headers: { ...json, ...headers }, body })
        const answers = yield* Effect.all(
          Array.from({ length: 10 }, () => post()),
          { concurrency: "unbounded" }
        )
        const statuses = answers.map((reply) => String(reply.json["status"])).sort()
        assert.deepStrictEqual(statuses, [...Array.from({ length: 9 }, () => "duplicate"), "stored"])
        const foreign = yield* post({ authorization: `Bearer ${otherToken}` })
        assert.strictEqual(foreign.json["status"], "stored")
        const ahead = yield* post({ "x-tenant-id": otherTenant })
        assert.deepStrictEqual(codeOf(ahead), [403, "foreign_tenant"])
        assert.lengthOf(yield* listed("eventId=e-twice"), 1)
      }),
    { tags: ["ADR-0032.5"] }
  )

  it.effect(
    "of a batch each event is stored, known or refused for itself, in order",
    () =>
      Effect.gen(function* () {
        const sent = [
          item({ event_id: "b-1" }),
          item({ event_id: "b-2", properties: { text: "x".repeat(40_000) } }),
          { type: "track", event_id: "b-3" },
          { type: "page", name: "Home" },
          { type: "identify", traits: {} },
          item({ event_id: "b-4", colour: "red" }),
          item({ event_id: "b-5", properties: { note: "\u0000" } }),
          item({ event_id: "b-1" }),
          item({ event_id: "b-6", timestamp: "yesterday" }),
          "no event",
          item({ properties: JSON.parse(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`) }),
          item({ event_id: "b-7" })
        ]
        const results = resultsOf(yield* call("POST", `${events}/batch`, { batch: sent }))
        assert.deepStrictEqual(
          results.items.map(({ status }) => status),
          [
            "stored",
            ...Array.from({ length: 6 }, () => "refused"),
            "duplicate",
            "refused",
            "refused",
            "refused",
            "stored"
          ]
        )
        assert.deepInclude(results, { stored: 2, duplicates: 1, refused: 9 })
        results.items.forEach(({ errors, status }, index) => {
          assert.strictEqual(errors.length > 0, status === "refused", `${index}`)
          for (const { path } of errors) assert.match(path, new RegExp(`^body\\.batch\\[${index}\\]`, "u"))
        })
        assert.match(results.items[1]?.errors[0]?.message ?? "", /has \d+ bytes, and at most 32768/u)
        for (const [n, kept] of [1, 0, 0, 0, 0, 0, 1].entries())
          assert.lengthOf(yield* listed(`eventId=b-${n + 1}`), kept, `b-${n + 1}`)
      }),
    { tags: ["ADR-0032.6"] }
  )

  it.effect(
    "what is wrong with a request refuses all of it, says what to do, and stores nothing",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const good = JSON.stringify({ batch: [item({ event_id: "none" })] })
        const many = JSON.stringify({
          batch: Array.from({ length: 51 }, (_, n) => item({ event_id: n === 0 ? "none" : `m-${n}` }))
        })
        const deep = `{"batch":[${JSON.stringify(item({ event_id: "none" }))},{"type":"track","event":"a","properties":[1e5,${"[".repeat(100_000)}${"]".repeat(100_000)}]}]}`
        const gzip = { "content-encoding": "gzip" }
        const cases: ReadonlyArray<
          readonly [body: string | Uint8Array, headers: object, status: number, says: string]
        > = [
          [many, {}, 422, "at most 50"],
          ['{"batch":[{"type":"track","event":"a","event":"b"}]}', {}, 422, "body.batch.0.event"],
          ['{"batch":[]}', {}, 422, "list of 1 to 50"],
          ["[]", {}, 422, "list of 1 to 50"],
          ["null", {}, 422, "list of 1 to 50"],
          ['{"batch":', {}, 400, "not valid JSON"],
          [deep, {}, 400, "nested"],
          [good, { "x-event-schema-version": "latest" }, 422, "x-event-schema-version"],
          [good, { "content-type": "text/plain" }, 415, "application/json"],
          [good, { "content-encoding": "br" }, 415, "gzip is read"],
          [good, gzip, 400, "not gzip"],
          [gzipSync("x".repeat(4_000_000)), gzip, 413, "Unpacked"],
          ["x".repeat(300_000), {}, 413, ""]
        ]
        for (const [body, headers, status, says] of cases) {
          const reply = yield* send({ method: "POST", path: `${events}/batch`, headers: { ...json, ...headers }, body })
          assert.strictEqual(reply.status, status, `${says}: ${reply.body}`)
          assert.include(reply.body, says)
          assert.isDefined(reply.headers["x-correlation-id"])
        }
        assert.lengthOf(yield* listed("eventId=none"), 0)
        const packed = yield* send({
          method: "POST",
          path: `${events}/batch`,
          headers: { ...json, ...gzip },
          body: gzipSync(good)
        })
        assert.strictEqual(resultsOf(packed).stored, 1)
      }),
    { tags: ["ADR-0032.6"] }
  )

  it.effect(
    "Segment's form is taken as its clients and RudderStack's send it, times corrected by when it was sent",
    () =>
      Effect.gen(function* () {
        const { key } = yield* writeKey
        const { send } = yield* Edge
        const basic = `Basic ${Buffer.from(`${key}:`).toString("base64")}`
        const from = Date.now() - 3_600_000
        const at = (seconds: number) => new Date(from + seconds * 1_000).toISOString()
        const batch = [
          {
            ...item({ messageId: "s-1", timestamp: at(0), context: { library: { name: "x" } } }),
            integrations: {},
            _metadata: {}
          },
          { type: "page", name: null, messageId: "s-2", anonymousId: "v-1", userId: null, originalTimestamp: at(5) },
          { type: "group", groupId: "g-1", userId: "user-7", traits: { seats: 4 } },
          { type: "track", messageId: "s-4" },
          { type: "launch" }
        ]
        const body = JSON.stringify({ batch, writeKey: key, sentAt: at(10) })
        const headers = {
          authorization: basic,
          "content-type": "application/x-www-form-urlencoded",
          "content-encoding": "gzip"
        }
        const reply = yield* send({ method: "POST", path: "/v1/batch", headers, body: gzipSync(body) })
        const { items } = resultsOf(reply)
        assert.deepStrictEqual(
          items.map(({ status }) => status),
          ["stored", "stored", "stored", "refused", "refused"]
        )
        const [first] = yield* listed("eventId=s-1")
        assert.isBelow(Math.abs(Date.parse(String(first?.["occurredAt"])) - (Date.now() - 10_000)), 5_000)
        assert.deepStrictEqual(first?.["document"], { context: { library: { name: "x" } } })
        const [group] = yield* listed("type=group")
        assert.deepStrictEqual(group?.["document"], { groupId: "g-1", traits: { seats: 4 } })
        const large = { batch: Array.from({ length: 15 }, () => item({ properties: { text: "x".repeat(31_000) } })) }
        assert.strictEqual(resultsOf(yield* call("POST", "/v1/batch", large)).stored, 15)
        const tooLarge = yield* call("POST", "/v1/batch", {
          batch: [item({ properties: { text: "x".repeat(600_000) } })]
        })
        assert.deepStrictEqual(codeOf(tooLarge), [413, "body_too_large"])
      })
  )

  it.effect("a list is read page by page, filtered, and under its own cursor", () =>
    Effect.gen(function* () {
      const batch = Array.from({ length: 7 }, (_, n) =>
        item({ event: "Paged", event_id: `p-${n}`, userId: `u-${n % 2}` })
      )
      resultsOf(yield* call("POST", `${events}/batch`, { batch }))
      const seen: Array<unknown> = []
      for (let cursor = ""; ; ) {
        const page = yield* call("GET", `${events}?event=Paged&limit=3${cursor}`)
        seen.push(...(page.json["items"] as ReadonlyArray<{ readonly eventId: string }>).map(({ eventId }) => eventId))
        if (page.json["nextCursor"] === null) break
        cursor = `&cursor=${String(page.json["nextCursor"])}`
        const foreign = yield* call("GET", `${events}?event=Other&limit=3${cursor}`)
        assert.deepStrictEqual(codeOf(foreign), [400, "invalid_cursor"])
      }
      assert.sameMembers(
        seen,
        [0, 1, 2, 3, 4, 5, 6].map((n) => `p-${n}`)
      )
      assert.lengthOf(yield* listed("event=Paged&userId=u-1"), 3)
      assert.lengthOf(yield* listed(`from=${encodeURIComponent(new Date(Date.now() + 60_000).toISOString())}`), 0)
      assert.strictEqual((yield* call("GET", `${events}?type=launch`)).status, 422)
    })
  )

  it.effect("on the timeline of their cause they stand among all else, page after page, without what they hold", () =>
    Effect.gen(function* () {
      const { submit } = yield* Edge
      const cause = { "x-correlation-id": "0timeline" }
      const batch = (n: number) => ({
        batch: [1, 2, 3].map((k) => item({ event_id: `t-${n}-${k}`, properties: { secret: "not told" } }))
      })
      yield* call("POST", `${events}/batch`, batch(1), cause)
      yield* submit(later, cause)
      yield* call("POST", `${events}/batch`, batch(2), cause)
      const seen: Array<{ readonly category: string; readonly id: string; readonly recordedAt: string }> = []
      for (let cursor = ""; ; ) {
        const page = yield* call("GET", `/v1/timeline?correlation=0timeline&limit=2${cursor}`)
        assert.notInclude(page.body, "not told")
        seen.push(...(page.json["items"] as typeof seen))
        if (page.json["nextCursor"] === null) break
        cursor = `&cursor=${String(page.json["nextCursor"])}`
      }
      assert.lengthOf(seen, 7)
      assert.lengthOf(new Set(seen.map(({ id }) => id)), 7)
      assert.strictEqual(seen.filter(({ category }) => category === "service-call").length, 1)
      const times = seen.map(({ recordedAt }) => recordedAt)
      assert.deepStrictEqual(times, [...times].sort())
    })
  )
})
