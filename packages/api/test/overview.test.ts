import { AccessScope, tenantScopes } from "@dueline/contracts/api/Access"
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { assert, layer } from "@effect/vitest"
import { StreamId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"

const look = Effect.fnUntraced(function* (token: string, query = "") {
  const { send } = yield* Edge
  const headers = { authorization: `Bearer ${token}` }
  const reply = yield* send({ method: "GET", path: `/v1/overview${query}`, headers })
  return { ...reply, overview: reply.json as unknown as Overview }
})

layer(edge, { excludeTestServices: true })("the overview", (it) => {
  it.effect("counts the tenant's calls, names the oldest that is late, and shows sixty minutes", () =>
    Effect.gen(function* () {
      const { submit, token } = yield* Edge
      const request = { method: "GET", url: "https://example.com/late" }
      const { json } = yield* submit({ delay: 0, request })
      yield* submit({ delay: "1h", request })
      const { overview, status } = yield* look(token)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(overview.calls, { Scheduled: 2, Running: 0, Succeeded: 0, Failed: 0, Cancelled: 0 })
      assert.strictEqual(overview.overdue.count, 1)
      assert.strictEqual(overview.overdue.oldest?.id, json["id"])
      assert.lengthOf(overview.lastHour.minutes, 60)
      assert.strictEqual(overview.lastHour.submitted, 2)
      assert.deepInclude(overview, { of: "tenant", phase: "serving", version: "0.0.0-test" })
      assert.deepStrictEqual(overview.processes, [{ id: "test", roles: ["api"] }])
    })
  )

  it.effect("shows nothing of another tenant, and all together to who may see all tenants", () =>
    Effect.gen(function* () {
      const { mint, otherToken } = yield* Edge
      const theirs = yield* look(otherToken)
      assert.notInclude(theirs.body, tenant)
      assert.strictEqual(theirs.overview.calls.Scheduled, 0)
      assert.strictEqual(theirs.overview.lastHour.submitted, 0)
      const across = yield* mint({
        subject: "o",
        tenantId: tenant,
        scopes: ["ops:overview.read", "ops:tenants.read"],
        ttlSeconds: 60
      })
      const all = yield* look(across, "?of=installation")
      assert.deepInclude(all.overview, { of: "installation" })
      assert.strictEqual(all.overview.calls.Scheduled, 2)
      const within = yield* mint({ subject: "t", tenantId: tenant, scopes: tenantScopes, ttlSeconds: 60 })
      const refused = yield* look(within, "?of=installation")
      assert.strictEqual(refused.status, 403)
      assert.deepInclude(refused.json, { code: "insufficient_scope" })
      assert.include(AccessScope.literals, "ops:overview.read")
    })
  )

  it.effect("refuses what it does not know", () =>
    Effect.gen(function* () {
      const { token } = yield* Edge
      assert.strictEqual((yield* look(token, "?of=everything")).status, 422)
    })
  )
})

/** Whose clock stands still: nothing is over by itself. */
layer(edge)("the overview that is remembered", (it) => {
  it.effect(
    "shows a pause as soon as it is told of",
    () =>
      Effect.gen(function* () {
        const { bus, send, token } = yield* Edge
        const paused = Effect.map(look(token), ({ overview }) => overview.pauses?.count)
        assert.strictEqual(yield* paused, 0)
        const body = JSON.stringify({ of: "tag", key: "north", reason: "the harbour is closed" })
        const headers = { "content-type": "application/json" }
        const made = yield* send({ method: "POST", path: "/v1/pauses", headers, body })
        assert.strictEqual(yield* paused, 0)
        yield* Effect.orDie(
          bus.publish({
            eventId: String(made.json["id"]),
            tenantId: tenant,
            streamId: StreamId.make(String(made.json["id"])),
            topic: "ops.pause.created",
            payload: null
          })
        )
        assert.strictEqual(yield* paused, 1)
      }),
    { tags: ["ADR-0050.5"] }
  )
})
