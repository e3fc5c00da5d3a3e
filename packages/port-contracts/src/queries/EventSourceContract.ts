/** What all EventSources do. They read events, so they want the Persistence that writes them. */
import type { Actor } from "@dueline/contracts/Envelope"
import { CorrelationId } from "@dueline/contracts/Ids"
import { EventSource, type TimelineEvent, type TimelineMark } from "@dueline/contracts/ports/History"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "../Harness.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as OpsSample from "./OpsSample.ts"
import * as Sample from "../Sample.ts"

type Ports = EventSource | Persistence
type It = Vitest.MethodsNonLive<Ports>

const cause = CorrelationId.make("cause")

/** An event that came of `correlationId`, so many milliseconds after the sample's moment. */
const event = (correlationId: string, after = 0) => {
  const plain = Sample.event({ after })
  return {
    ...plain,
    recordedAt: Sample.now + after,
    metadata: { ...plain.metadata, correlationId: CorrelationId.make(correlationId) }
  }
}

const streams = (it: It) => {
  it.effect("who asked for a stream's first event made it, for its tenant alone, of whatever kind", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const bin = OpsSample.bin(call.tenantId)
      const by = (id: string, kind: "user" | "system" = "user") => {
        const plain = Sample.event()
        return { ...plain, metadata: { ...plain.metadata, actor: { kind, id } } }
      }
      const store = yield* Persistence
      yield* store.commit([Sample.commit(call, { events: [by("ann"), by("bob")] })])
      yield* store.commit([OpsSample.commit(bin, { events: [by("worker", "system")] })])
      const { makers } = yield* EventSource
      const ids = [call.callId, bin.binId, Sample.uuid()]
      assert.deepStrictEqual(
        yield* makers(call.tenantId, ids),
        new Map<string, Actor>([
          [call.callId, { kind: "user", id: "ann" }],
          [bin.binId, { kind: "system", id: "worker" }]
        ])
      )
      assert.deepStrictEqual(yield* makers(Sample.tenantId(), ids), new Map())
      assert.deepStrictEqual(yield* makers(call.tenantId, []), new Map())
    })
  )

  it.effect("a stream comes oldest first, from behind the given version, no longer than the limit", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const events = [1, 2, 3, 4, 5].map((n) => Sample.event({ n }))
      yield* (yield* Persistence).commit([Sample.commit(call, { events })])
      const source = yield* EventSource
      const { tenantId } = call
      const streamId = Sample.streamOf(call.callId)
      const read = (after: number, limit: number) =>
        source.stream({ tenantId, category: "service-call", streamId, after, limit })
      const all = events.map((each, index) => ({ ...each, version: index + 1 }))
      assert.deepStrictEqual(yield* read(0, 10), all)
      assert.deepStrictEqual(yield* read(2, 2), all.slice(2, 4))
      assert.deepStrictEqual(yield* read(5, 10), [])
    })
  )

  it.effect("a stream of another tenant or of another category is as empty as one that does not exist", () =>
    Effect.gen(function* () {
      const { callId, tenantId } = Sample.target()
      yield* (yield* Persistence).commit([Sample.commit({ callId, tenantId })])
      const source = yield* EventSource
      const of = { tenantId, category: "service-call", streamId: Sample.streamOf(callId), after: 0, limit: 9 } as const
      assert.lengthOf(yield* source.stream(of), 1)
      assert.deepStrictEqual(yield* source.stream({ ...of, category: "order" }), [])
      assert.deepStrictEqual(yield* source.stream({ ...of, tenantId: Sample.tenantId() }), [])
      assert.deepStrictEqual(yield* source.stream({ ...of, streamId: Sample.streamOf(Sample.callId()) }), [])
    })
  )
}

const placeOf = ({ recordedAt, streamId, version }: TimelineEvent): TimelineMark => ({ recordedAt, streamId, version })

const before = (a: TimelineMark, b: TimelineMark): number =>
  a.recordedAt - b.recordedAt || (a.streamId < b.streamId ? -1 : a.streamId > b.streamId ? 1 : a.version - b.version)

const timelines = (it: It) => {
  it.effect.prop(
    "pages of any size hold every event of one cause once, by time, stream and version, and of nothing else",
    {
      histories: Schema.Array(
        Schema.Array(Schema.Struct({ after: Schema.Literals([0, 1, 2]), own: Schema.Boolean })).check(
          Schema.isMaxLength(4)
        )
      ).check(Schema.isMaxLength(5)),
      limit: Schema.Literals([1, 2, 3, 50])
    },
    Effect.fnUntraced(function* ({ histories, limit }) {
      const tenantId = Sample.tenantId()
      const store = yield* Persistence
      const source = yield* EventSource
      const expected: Array<TimelineMark> = []
      for (const history of histories.filter(({ length }) => length > 0)) {
        const call = Sample.target(tenantId)
        const events = history.map(({ after, own }) => event(own ? cause : "other", after))
        yield* store.commit([
          Sample.commit(call, { events }),
          Sample.commit(Sample.target(), { events: [event(cause)] })
        ])
        events.forEach(({ metadata, recordedAt }, i) => {
          const place = { recordedAt, streamId: Sample.streamOf(call.callId), version: i + 1 }
          if (metadata.correlationId === cause) expected.push(place)
        })
      }
      const seen: Array<TimelineMark> = []
      for (let after: TimelineMark | null = null; ; after = seen.at(-1) ?? null) {
        const page: ReadonlyArray<TimelineEvent> = yield* source.correlated({
          tenantId,
          correlationId: cause,
          after,
          limit
        })
        assert.isAtMost(page.length, limit)
        seen.push(...page.map(placeOf))
        if (page.length < limit) break
      }
      assert.deepStrictEqual(seen, expected.toSorted(before))
    }),
    { arbitrary: propertyRunsTimes(0.3), timeout: 60_000, tags: ["ADR-0018.7"] }
  )

  it.effect("an event on a timeline is whole, and says what it is an event of", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const own = event(cause, 7)
      yield* (yield* Persistence).commit([Sample.commit(call, { events: [own] })])
      const found = yield* (yield* EventSource).correlated({
        tenantId: call.tenantId,
        correlationId: cause,
        after: null,
        limit: 10
      })
      const streamId = Sample.streamOf(call.callId)
      assert.deepStrictEqual(found, [{ ...own, version: 1, category: "service-call", streamId }])
    })
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("EventSource", name, harness, (it) => {
    streams(it)
    timelines(it)
  })
