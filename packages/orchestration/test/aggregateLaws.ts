/** Laws of every kind of aggregate, whatever is asked of it: what the engine relies on when it remembers, restores and batches. */
import { assert, describe, it } from "@effect/vitest"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Result, Schema } from "effect"
import { isDeepStrictEqual } from "node:util"
import type { Aggregate, Command, Tagged } from "../src/engine/Aggregate.ts"
import { currentVersion } from "../src/engine/storedForms.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"

interface Subject<C extends Command, S, E extends Tagged, R, O, Story> {
  readonly aggregate: Aggregate<C, S, E, R, O>
  readonly story: Schema.Schema<Story>
  /** Commands to one and the same aggregate, in the order of time. */
  readonly commandsOf: (story: Story) => ReadonlyArray<C>
  readonly envelope: (command: C) => Envelope<C>
  /** The event, or one of the events, that every one of them begins with. */
  readonly opening: E["_tag"] | ReadonlyArray<E["_tag"]>
  /** What adds something every time it is asked anew, as it is meant to: only as the same request does it happen once. */
  readonly adding?: ReadonlyArray<C["_tag"]>
}

/** With the usual size a story has two steps; with this one it has sixteen. */
const runs = { arbitrary: { ...propertyRuns, size: 100 } }
const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })))
/** Of a long story each case looks at every third turn, from one of the first three on. */
const First = Schema.Literals([0, 1, 2])
/** Cases are many, so that each needs few: to draw a hundred events takes longer than all other laws together. */
const mostEvents = 8

/** Mostly it is the same, and Node finds that sooner than the assertion, which is there to show what differs. */
const same = (actual: unknown, expected: unknown, message?: string): void => {
  if (!isDeepStrictEqual(actual, expected)) assert.deepStrictEqual(actual, expected, message)
}

export const aggregateLaws = <C extends Command, S, E extends Tagged, R, O, Story>({
  adding = [],
  aggregate,
  commandsOf,
  envelope,
  opening,
  story: Story
}: Subject<C, S, E, R, O, Story>) => {
  const fresh = () => new AggregateUnderTest(aggregate, envelope)
  const play = (story: Story) => {
    const on = fresh()
    for (const command of commandsOf(story)) on.ask(command)
    return on
  }
  const law = (name: string, judge: (story: Story) => void, tags: ReadonlyArray<string> = []) =>
    it.prop(name, { story: Story }, ({ story }) => judge(story), { ...runs, tags: [...tags] })

  describe(`every ${aggregate.category}`, () => {
    law(
      "does once what is asked twice as one request",
      (story) => {
        const on = fresh()
        for (const command of commandsOf(story)) {
          const request = envelope(command)
          const { answer } = on.ask(command, request)
          const again = on.trial(command, request)
          same([again.commit, again.after], [null, on.memory])
          same(again.answer, answer)
        }
      },
      ["ADR-0006.1"]
    )

    law("decides nothing the second time the same is asked anew, or refuses", (story) => {
      const on = fresh()
      for (const command of commandsOf(story)) {
        on.ask(command)
        if (!adding.includes(command._tag)) assert.isNull(on.trial(command).commit)
      }
    })

    law("is not changed by a refusal, nor by a success that decides nothing", (story) => {
      for (const { after, answer, before, commit, intents } of play(story).turns) {
        if (Result.isFailure(answer)) assert.isNull(commit)
        if (commit === null) same([after, intents], [before, []])
      }
    })

    law("stores events that are read as they were written, in the versions of today", (story) => {
      for (const { eventVersion, payload, type } of play(story).stored) {
        const event = Schema.decodeUnknownSync(aggregate.event)(payload)
        same([event._tag, event], [type, payload])
        assert.strictEqual(eventVersion, currentVersion(aggregate.upcasters, type))
      }
    })

    law("is found again in what was stored of it", (story) => {
      const on = play(story)
      same(on.restored(), on.memory)
    })

    law("has the row that its events come to", (story) => {
      const on = play(story)
      const last = on.turns.findLast(({ commit }) => commit !== null)
      if (last === undefined) return assert.isNull(on.row)
      const { state, version } = on.restored()
      const { tenantId } = envelope(last.command)
      const streamId = aggregate.streamOf(last.command)
      same(on.row, aggregate.project(state, { tenantId, streamId, version, at: last.command.at }))
    })

    it.prop(
      "is the same from any snapshot and the events after it as from all events",
      { story: Story, first: First },
      (given) => {
        const on = play(given.story)
        for (const turn of on.turns.filter((_, place) => place % 3 === given.first))
          same(on.restoredFrom(turn), on.memory)
      },
      runs
    )

    it.prop(
      "answers and becomes the same, however its commands are cut into batches",
      { story: Story, sizes: Sizes },
      (given) => {
        const envelopes = commandsOf(given.story).map(envelope)
        const [alone, together] = [fresh(), fresh()]
        const oneByOne = envelopes.map((request) => alone.ask(request.command, request).answer)
        const inBatches = cut(envelopes, given.sizes).flatMap((batch) => together.askTogether(batch))
        same(inBatches, oneByOne)
        const all = (on: typeof alone) => [on.memory, on.stored, on.row]
        same(all(together), all(alone))
      },
      runs
    )

    it.prop(
      "has events that come through storage unchanged",
      { event: aggregate.event },
      ({ event }) => {
        const stored = JSON.stringify(Schema.encodeSync(aggregate.event)(event))
        const read = Schema.decodeUnknownSync(aggregate.event)(JSON.parse(stored))
        assert.strictEqual(JSON.stringify(read), stored)
        // As contents: fields that may be left out are drawn in any order, and the schema writes them in its own.
        same(JSON.parse(stored), JSON.parse(JSON.stringify(event)), "what is decoded is what is stored")
      },
      runs
    )

    it.prop(
      "takes any event in any state without failing, and begins with its first event only",
      { story: Story, events: Schema.Array(aggregate.event).check(Schema.isMaxLength(mostEvents)) },
      (given) => {
        const { memory, stored } = play(given.story)
        const at = (stored[0]?.recordedAt ?? 0) as EpochMillis
        given.events.reduce((before, event) => aggregate.evolve(before, event, at), memory.state)
        for (const event of given.events) {
          const begins = aggregate.evolve(aggregate.initial, event, at) !== aggregate.initial
          assert.strictEqual(begins, [opening].flat().includes(event._tag), event._tag)
        }
      },
      runs
    )
  })
}

const cut = <A>(all: ReadonlyArray<A>, sizes: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<ReadonlyArray<A>> = []
  for (let from = 0, i = 0; from < all.length; i++) {
    const size = sizes[i % Math.max(1, sizes.length)] ?? 1
    parts.push(all.slice(from, from + size))
    from += size
  }
  return parts
}
