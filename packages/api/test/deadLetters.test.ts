import { assert, layer } from "@effect/vitest"
import type { StreamId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { call, codeOf } from "./field.ts"

/** A letter of the tenant, its event told by `n`. */
const keep = (n: number, group = "mails", reasons: ReadonlyArray<string> = ["timed out"]) =>
  Effect.flatMap(Edge, ({ store }) =>
    Effect.orDie(
      store.deadLetters.keep({
        message: {
          eventId: `00000000-0000-7000-8000-0000000000${n.toString().padStart(2, "0")}`,
          tenantId: tenant,
          streamId: "00000000-0000-7000-8000-00000000cafe" as StreamId,
          topic: n % 2 === 0 ? "ops.order.scheduled" : "ops.bin.created",
          payload: { n }
        },
        group,
        reasons
      })
    )
  )

interface Page {
  readonly items: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly nextCursor: string | null
}

const list = (query: string) =>
  Effect.map(call("GET", `/v1/dead-letters?${query}`), (reply) => {
    assert.strictEqual(reply.status, 200, reply.body)
    return reply.json as unknown as Page
  })

layer(edge, { excludeTestServices: true })("dead letters", (it) => {
  it.effect("are listed by topic, group, reason and time, page by page, and shown with message and attempts", () =>
    Effect.gen(function* () {
      for (const n of [1, 2, 3]) yield* keep(n)
      yield* keep(4, "", ["the bus is away", "message too large"])
      assert.lengthOf((yield* list("")).items, 4)
      assert.lengthOf((yield* list("topic=ops.bin.created&group=mails")).items, 2)
      assert.lengthOf((yield* list("reason=TIMED")).items, 3)
      assert.lengthOf((yield* list("state=Replayed")).items, 0)
      assert.lengthOf((yield* list("to=2000-01-01T00:00:00Z")).items, 0)
      const [outbox] = (yield* list("group=outbox")).items
      assert.deepInclude(outbox, { group: "outbox", failures: 2, reason: "message too large", state: "Waiting" })
      const shown = yield* call("GET", `/v1/dead-letters/${String(outbox?.["id"])}`)
      assert.deepInclude(shown.json, {
        ...outbox,
        payload: { n: 4 },
        attempts: [
          { at: null, error: "the bus is away" },
          { at: null, error: "message too large" }
        ]
      })
      const seen: Array<unknown> = []
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: Page = yield* list(`limit=3${cursor}`)
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`
      }
      assert.deepStrictEqual([seen.length, new Set(seen).size], [4, 4])
    })
  )

  it.effect("a filter, a cursor or an id that is none is told what is wrong", () =>
    Effect.gen(function* () {
      for (const n of [11, 12]) yield* keep(n)
      const { nextCursor } = yield* list("limit=1")
      const answers = [
        ["/v1/dead-letters?state=Gone", 422, "invalid_request"],
        ["/v1/dead-letters?topics=x", 422, "invalid_request"],
        ["/v1/dead-letters?from=yesterday", 422, "invalid_request"],
        [`/v1/dead-letters?topic=other&cursor=${nextCursor}`, 400, "invalid_cursor"],
        ["/v1/dead-letters/00000000-0000-4000-8000-00000000dead", 404, "dead_letter_not_found"],
        ["/v1/dead-letters/7", 422, "invalid_request"]
      ] as const
      for (const [path, status, code] of answers) {
        assert.deepStrictEqual(codeOf(yield* call("GET", path)), [status, code], path)
      }
    })
  )
})
