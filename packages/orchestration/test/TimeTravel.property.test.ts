/** What was, as the log tells it, held against what the writer stored then: for stories of every kind of aggregate. */
import { categoryOf, streamIdOf, type Command, type ReadModelRow } from "@dueline/contracts/kinds"
import type { Envelope } from "@dueline/contracts/Envelope"
import { type AsOf, EventSource, TimeTravel } from "@dueline/contracts/ports/History"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Schema } from "effect"
import { Bin } from "../src/aggregates/Bin.ts"
import { Customer } from "../src/aggregates/Customer.ts"
import type { Aggregate, Tagged } from "../src/engine/Aggregate.ts"
import { Order } from "../src/aggregates/Order.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import * as TimeTravelLayer from "../src/TimeTravel.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as CallSteps from "./CallSteps.ts"
import { envelope } from "./FieldSample.ts"
import * as FieldSteps from "./FieldSteps.ts"
import { tenantId } from "./ServiceCallSample.ts"

interface Moment {
  readonly version: number
  readonly at: number
  readonly row: ReadModelRow
}

const play = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  commands: ReadonlyArray<C>
) => {
  const on = new AggregateUnderTest(aggregate, envelope as (command: C) => Envelope<C>)
  const commits: Array<Commit> = []
  const moments: Array<Moment> = []
  for (const command of commands) {
    const { after, commit } = on.ask(command)
    if (commit === null || commit.row === null) continue
    // What must be true of others is not what this is about.
    commits.push({ ...commit, requires: [] })
    moments.push({ version: after.version, at: command.at, row: JSON.parse(JSON.stringify(commit.row)) })
  }
  return { commits, moments }
}

const travelling = (commits: ReadonlyArray<Commit>) =>
  Effect.gen(function* () {
    const store = MemoryStore.make()
    for (const commit of commits) yield* store.persistence.commit([commit])
    const layer = TimeTravelLayer.layer.pipe(Layer.provide(Layer.succeed(EventSource, store.eventSource)))
    return yield* Effect.provide(TimeTravel, layer)
  })

const throughJson = (row: ReadModelRow | null): unknown => JSON.parse(JSON.stringify(row))

const travels = <
  C extends Command,
  S,
  E extends Tagged,
  R,
  O,
  Story extends Schema.Codec<ReadonlyArray<object>, unknown>
>(
  aggregate: Aggregate<C, S, E, R, O>,
  story: Story,
  commandsOf: (story: Story["Type"]) => ReadonlyArray<C>
) =>
  it.effect.prop(
    `a ${aggregate.category} as of any version or instant is the row that was projected then`,
    { story },
    Effect.fnUntraced(function* ({ story }) {
      const commands = commandsOf(story)
      const [first] = commands
      if (first === undefined) return
      const { commits, moments } = play(aggregate, commands)
      const travel = yield* travelling(commits)
      const stream = { tenantId, category: categoryOf(first), streamId: streamIdOf(first) }
      const at = (asOf: AsOf) => Effect.map(travel.at({ ...stream, asOf }), throughJson)
      for (const { row, version } of moments) assert.deepStrictEqual(yield* at({ _tag: "Version", version }), row)
      for (const { at: instant } of moments) {
        for (const near of [instant - 1, instant, instant + 1]) {
          const then = moments.findLast((moment) => moment.at <= near)?.row ?? null
          assert.deepStrictEqual(yield* at({ _tag: "Instant", at: near }), then)
        }
      }
      const last = moments.at(-1)?.version ?? 0
      assert.isNull(yield* at({ _tag: "Version", version: last + 1 }))
      assert.isNull(yield* at({ _tag: "Version", version: 0 }))
      const other = stream.category === "bin" ? "order" : "bin"
      assert.isNull(yield* travel.at({ ...stream, category: other, asOf: { _tag: "Version", version: last } }))
    }),
    { arbitrary: propertyRunsTimes(0.4), timeout: 60_000, tags: ["ADR-0018.4"] }
  )

describe("time travel", () => {
  travels(ServiceCall, CallSteps.Story, (story) => CallSteps.play(story).turns.map(({ command }) => command))
  travels(Customer, FieldSteps.CustomerStory, FieldSteps.customerCommands)
  travels(Bin, FieldSteps.BinStory, FieldSteps.binCommands)
  travels(Order, FieldSteps.OrderStory, FieldSteps.orderCommands)
})
