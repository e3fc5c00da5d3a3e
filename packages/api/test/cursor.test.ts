import { BinId, ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { CallFilter } from "@dueline/contracts/ports/Queries"
import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as paging from "../src/resources/paging.ts"
import { callMark, nearMark, rowMark, timelineMark } from "../src/resources/paging.ts"
import { Edge, later, layer as edge, otherTenant, tenant } from "./Edge.ts"

const key = (fill: number) => paging.layerCursor(Redacted.make(new Uint8Array(32).fill(fill)))
const all: CallFilter = { status: null, tags: [], dueFrom: null, dueTo: null, search: null }
const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8_640_000_000_000_000 }))
const Mark = Schema.Struct({ createdAt: Millis, callId: ServiceCallId })
const Metres = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 30_000_000 }))
const Version = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_147_483_647 }))

it.effect.prop(
  "every form of mark comes back from its bytes as it was",
  {
    row: Schema.Struct({ createdAt: Millis, id: ServiceCallId }),
    near: Schema.Struct({ distanceMetres: Metres, binId: BinId }),
    event: Schema.Struct({ recordedAt: Millis, streamId: StreamId, version: Version })
  },
  ({ event, near, row }) =>
    Effect.sync(() => {
      assert.deepStrictEqual(rowMark.read(rowMark.write(row)), row)
      assert.deepStrictEqual(nearMark.read(nearMark.write(near)), near)
      assert.deepStrictEqual(timelineMark.read(timelineMark.write(event)), event)
    })
)

layer(key(1))("cursors", (it) => {
  it.effect.prop("what was sealed is opened again", { mark: Mark, tenantId: TenantId }, ({ mark, tenantId }) =>
    Effect.gen(function* () {
      const { open, seal } = yield* paging.Cursor
      const opened = open(tenantId, all, seal(tenantId, all, callMark.write(mark)))
      assert.deepStrictEqual(opened === null ? null : callMark.read(opened), mark)
    })
  )

  it.effect.prop(
    "a cursor with any character changed is refused",
    {
      mark: Mark,
      place: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 53 })),
      letter: Schema.String.check(Schema.isPattern(/^[\w-]$/u))
    },
    ({ letter, mark, place }) =>
      Effect.gen(function* () {
        const { open, seal } = yield* paging.Cursor
        const sealed = seal(tenant, all, callMark.write(mark))
        const changed = sealed.slice(0, place) + letter + sealed.slice(place + 1)
        assert.strictEqual(open(tenant, all, changed) !== null, changed === sealed)
      }),
    { tags: ["ADR-0007.6"] }
  )

  it.effect.prop(
    "no text that was not sealed is opened",
    { text: Schema.String },
    ({ text }) =>
      Effect.gen(function* () {
        assert.isNull((yield* paging.Cursor).open(tenant, all, text))
      }),
    { tags: ["ADR-0007.6"] }
  )
})

const mark = callMark.write({ createdAt: 1, callId: ServiceCallId.make("00000000-0000-4000-8000-000000000000") })

it.effect(
  "a cursor is good for its tenant, its filter and its key alone",
  () =>
    Effect.gen(function* () {
      const { open, seal } = yield* paging.Cursor
      const sealed = seal(tenant, all, mark)
      assert.isNull(open(otherTenant, all, sealed))
      for (const other of [
        { status: "Failed" as const },
        { tags: ["a"] },
        { dueFrom: 1 },
        { dueTo: 1 },
        { search: "a" }
      ]) {
        assert.isNull(open(tenant, { ...all, ...other }, sealed))
      }
      const stranger = yield* Effect.provide(paging.Cursor, Layer.fresh(key(2)))
      assert.isNull(stranger.open(tenant, all, sealed))
    }).pipe(Effect.provide(key(1))),
  { tags: ["ADR-0007.6"] }
)

layer(edge, { excludeTestServices: true })("pages", (it) => {
  it.effect("every call is on exactly one page, newest first, also when others are submitted in between", () =>
    Effect.gen(function* () {
      const { send, submit } = yield* Edge
      const ids: Array<unknown> = []
      for (let i = 0; i < 7; i++) ids.unshift((yield* submit({ ...later, tags: ["paged"] })).json["id"])
      const seen: Array<unknown> = []
      let cursor: unknown = null
      do {
        const next: string = cursor === null ? "" : `&cursor=${String(cursor)}`
        const { json } = yield* send({ method: "GET", path: `/v1/service-calls?tag=paged&limit=3${next}` })
        seen.push(...(json["items"] as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id))
        cursor = json["nextCursor"]
        yield* submit({ ...later, tags: ["paged"] })
      } while (cursor !== null)
      assert.sameMembers(seen, ids)
    })
  )

  it.effect(
    "a cursor of another tenant or another filter is refused",
    () =>
      Effect.gen(function* () {
        const { otherToken, send, submit } = yield* Edge
        yield* submit(later)
        yield* submit(later)
        const { json } = yield* send({ method: "GET", path: "/v1/service-calls?limit=1" })
        const path = `/v1/service-calls?limit=1&cursor=${String(json["nextCursor"])}`
        assert.strictEqual((yield* send({ method: "GET", path })).status, 200)
        const foreign = yield* send({ method: "GET", path, headers: { authorization: `Bearer ${otherToken}` } })
        assert.deepStrictEqual([foreign.status, foreign.json["code"]], [400, "invalid_cursor"])
        assert.strictEqual(
          (yield* send({ method: "GET", path: `${path}&status=Failed` })).json["code"],
          "invalid_cursor"
        )
      }),
    { tags: ["ADR-0007.6"] }
  )
})
