/** When a pool is said to be able to write: by virtual time over a store that does as it is told, and on a real server that turns read-only. */
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { watchWrites } from "@dueline/postgres/Ability"
import { Database } from "@dueline/postgres/Database"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { SqlError } from "effect/sql/SqlError"
import { TestClock } from "effect/testing"

const tags = ["ADR-0026.3"]

/** As the driver fails: the server's words are the cause of the reason. */
const failure = (code: string): SqlError =>
  Object.assign(Object.create(SqlError.prototype), {
    _tag: "SqlError",
    reason: { _tag: "UnknownError", cause: Object.assign(new Error(`says ${code}`), { code }) }
  }) as SqlError

/** A pool of which only the probe is used. */
const pool = () => {
  const state = { probes: [] as Array<number>, code: null as string | null, hangs: false }
  const unsafe = (_statement: string, [, bytes]: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      state.probes.push(Number(bytes))
      if (state.hangs) return Effect.never
      return state.code === null ? Effect.succeed([]) : Effect.fail(failure(state.code))
    })
  return { state, sql: { unsafe } as unknown as SqlClient }
}

const listening = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ fiber, message }) => {
    lines.push(`${String(message)} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

const unavailable = (code: string) => new StoreUnavailable({ operation: "commit", cause: failure(code) })

describe("the ability to write", { tags }, () => {
  it.effect("is proved by commits as long as there are some, and by a probe when there are none", () => {
    const { sql, state } = pool()
    return Effect.gen(function* () {
      const ability = yield* watchWrites(sql, "writer")
      for (let i = 0; i < 10; i++) {
        ability.committed()
        yield* TestClock.adjust("8 seconds")
      }
      assert.deepStrictEqual(state.probes, [])
      yield* TestClock.adjust("24 seconds")
      assert.deepStrictEqual(state.probes, [0, 0, 0])
      assert.isNull(ability.trouble())
    }).pipe(Effect.scoped)
  })

  it.effect("is doubted with the first commit that fails, told lost once with its cause, and told back once", () => {
    const { sql, state } = pool()
    const { layer, lines } = listening()
    return Effect.gen(function* () {
      const ability = yield* watchWrites(sql, "writer")
      state.code = "25006"
      for (let i = 0; i < 40; i++) {
        ability.failed(unavailable("25006"))
        yield* TestClock.adjust("100 millis")
      }
      assert.match(ability.trouble() ?? "", /it is read-only.*25006/u)
      assert.isBelow(state.probes.length, 20)
      state.code = null
      yield* TestClock.adjust("4 seconds")
      assert.isNull(ability.trouble())
      assert.lengthOf(lines, 2)
      assert.match(lines[0] ?? "", /takes no writes .*read-only/u)
      assert.match(lines[1] ?? "", /takes writes again/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("is not lost with one commit whose connection died, when the next probe passes", () => {
    const { sql, state } = pool()
    return Effect.gen(function* () {
      const ability = yield* watchWrites(sql, "writer")
      ability.failed(unavailable("57P01"))
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(state.probes, [0])
      assert.isNull(ability.trouble())
    }).pipe(Effect.scoped)
  })

  it.effect("is not had back on a full disk by a probe that needs no space", () => {
    const { sql, state } = pool()
    return Effect.gen(function* () {
      const ability = yield* watchWrites(sql, "writer")
      state.code = "53100"
      ability.failed(unavailable("53100"))
      yield* TestClock.adjust("3 seconds")
      assert.match(ability.trouble() ?? "", /its disk is full: make room/u)
      state.code = null
      yield* TestClock.adjust("20 seconds")
      assert.isNull(ability.trouble())
      const heavy = state.probes.filter((bytes) => bytes > 0)
      assert.isNotEmpty(heavy)
      assert.isAtLeast(Math.min(...heavy), 262_144)
      // Whatever comes after the first one that passed is light again.
      assert.strictEqual(state.probes.at(-1), 0)
    }).pipe(Effect.scoped)
  })

  it.effect("is lost while nothing answers", () => {
    const { sql, state } = pool()
    state.hangs = true
    return Effect.gen(function* () {
      const ability = yield* watchWrites(sql, "writer")
      yield* TestClock.adjust("11 seconds")
      assert.match(ability.trouble() ?? "", /does not answer within 3 seconds/u)
    }).pipe(Effect.scoped)
  })
})

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("a probe", (it) => {
  it.effect(
    "writes as each role that writes, with as many bytes as it is told, and leaves one row",
    () =>
      Effect.gen(function* () {
        const { edge, worker, writer } = yield* Database
        for (const bytes of [0, 262_144, 0]) yield* writer.unsafe("select dueline.probe('writer', $1::int4)", [bytes])
        yield* worker.unsafe("select dueline.probe('worker', 64)")
        assert.deepStrictEqual(
          yield* TestDatabase.session(
            (sql) => sql`select name, length(filler) as bytes from dueline.probes order by name`
          ),
          [
            { name: "worker", bytes: 64 },
            { name: "writer", bytes: 0 }
          ]
        )
        assert.isTrue((yield* Effect.exit(edge.unsafe("select dueline.probe('edge', 0)")))._tag === "Failure")
      }),
    { tags }
  )
})
