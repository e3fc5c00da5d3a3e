/** Who is there: what one process finds out about another, and how soon the rest know. */
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import { Members } from "../src/members/Members.ts"
import { Nats } from "../src/Nats.ts"
import { cut, newPrefix, type Process, sees, start, until } from "./Processes.ts"

const slowly = 60_000

const sayGone = (process: Process, prefix: string, id: string) =>
  Effect.sync(() => Context.get(process, Nats).connection.publish(`${prefix}.gone`, id))

describe.skipIf(await missing("nats"))("membership", { tags: ["ADR-0014.7"] }, () => {
  it.live(
    "a process whose end one has noticed is known to be gone by all, though they would not have looked for long",
    () =>
      Effect.gen(function* () {
        const prefix = newPrefix()
        const unaware = yield* start(prefix, "unaware", ["orchestrator"], slowly)
        const worker = yield* start(prefix, "worker", ["executor"])
        const finder = yield* start(prefix, "finder", ["timer"])
        for (const process of [unaware, finder]) yield* sees(process, "executor", ["worker"])
        yield* cut(worker)
        yield* sees(unaware, "executor", [])
      }).pipe(Effect.scoped)
  )

  it.live("one that is only said to be gone, and is there, stays", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const unaware = yield* start(prefix, "unaware", ["orchestrator"], slowly)
      yield* start(prefix, "worker", ["executor"])
      yield* start(prefix, "other", ["executor"]).pipe(Effect.tap(cut))
      const changes: Array<string> = []
      Context.get(unaware, Members).onChange(({ id, kind }) => changes.push(`${id} ${kind}`))
      const slanderer = yield* start(prefix, "slanderer", ["timer"])
      yield* sees(unaware, "executor", ["other", "worker"])
      yield* sayGone(slanderer, prefix, "worker")
      yield* sayGone(slanderer, prefix, "other")
      yield* sees(unaware, "executor", ["worker"])
      assert.notInclude(changes, "worker gone")
    }).pipe(Effect.scoped)
  )

  it.live("one that has not come back to NATS yet, after all lost it, is not taken for gone", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const finder = yield* start(prefix, "finder", ["timer"], slowly)
      yield* start(prefix, "worker", ["executor"])
      yield* sees(finder, "executor", ["worker"])
      const changes: Array<string> = []
      Context.get(finder, Members).onChange(({ id, kind }) => changes.push(`${id} ${kind}`))
      const { connection, watch } = Context.get(finder, Nats)
      let isBack = false
      watch((event) => void (isBack ||= event === "reconnected"))
      yield* Effect.promise(() => connection.reconnect())
      yield* until("finder is back", () => isBack)
      // What it asks of the worker comes before the worker listens again.
      connection.publish(`${prefix}.nobody`, "", { reply: `${prefix}.absent.finder.worker` })
      yield* until("worker is back", () => changes.length === 2)
      assert.deepStrictEqual(changes, ["worker lost", "worker joined"])
    }).pipe(Effect.scoped)
  )
})
