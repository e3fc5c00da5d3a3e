/** Which failures of the database are retryable, and which are mistakes of this program. */
import { asking, reading } from "@dueline/postgres/SqlFailure"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { ConnectionError, SqlError, UnknownError } from "effect/sql/SqlError"

const ofServer = (code: string) =>
  new SqlError({ reason: new UnknownError({ cause: Object.assign(new Error("said"), { code }) }) })

const ofNetwork = (code: string) =>
  new SqlError({ reason: new ConnectionError({ cause: Object.assign(new Error("said"), { code }) }) })

const isRetryable = (error: SqlError) =>
  Effect.map(
    Effect.exit(Effect.fail(error).pipe(asking("ask"))),
    (exit) => Exit.isFailure(exit) && !Cause.hasDies(exit.cause)
  )

it.effect.each([
  "57P01",
  "57P02",
  "57P03",
  "08000",
  "08003",
  "08006",
  "08P01",
  "40001",
  "40P01",
  "53300",
  "58030",
  "25006",
  "55P03"
])("SQLSTATE %s is retryable", (code) => Effect.map(isRetryable(ofServer(code)), assert.isTrue))

it.effect.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "ETIMEDOUT", "ENOENT"])("%s is retryable", (code) =>
  Effect.map(isRetryable(ofNetwork(code)), assert.isTrue)
)

it.effect.each(["42601", "42P01", "22P02", "23505", "28P01", "42501"])("SQLSTATE %s is a mistake", (code) =>
  Effect.map(isRetryable(ofServer(code)), assert.isFalse)
)

/** Fails so often before it answers. */
const failing = (error: SqlError, times: number) => {
  let asked = 0
  return {
    asked: () => asked,
    question: Effect.suspend(() => (++asked <= times ? Effect.fail(error) : Effect.succeed("answer")))
  }
}

it.effect.each([
  ofServer("57P01"),
  ofServer("57P02"),
  ofNetwork("ECONNRESET"),
  ofNetwork("EPIPE"),
  new SqlError({
    reason: new ConnectionError({ cause: new Error("Connection closed"), message: "PgConnection: Connection closed" })
  })
])("a read on a connection that proves dead is asked again, and not for ever", (error) =>
  Effect.gen(function* () {
    const pool = failing(error, 4)
    assert.strictEqual(yield* pool.question.pipe(reading("read")), "answer")
    const always = failing(error, 100)
    assert.strictEqual((yield* Effect.flip(always.question.pipe(reading("read"))))._tag, "StoreUnavailable")
    assert.strictEqual(always.asked(), 5)
  })
)

it.effect.each([ofNetwork("ECONNREFUSED"), ofServer("57P03"), ofServer("55P03"), ofServer("40001")])(
  "a read that another connection would not help is asked once",
  (error) =>
    Effect.gen(function* () {
      const asked = failing(error, 1)
      assert.strictEqual((yield* Effect.flip(asked.question.pipe(reading("read"))))._tag, "StoreUnavailable")
      assert.strictEqual(asked.asked(), 1)
    })
)

it.effect("a change on a connection that proves dead is not asked again: it may have happened", () =>
  Effect.gen(function* () {
    const asked = failing(ofServer("57P01"), 1)
    assert.strictEqual((yield* Effect.flip(asked.question.pipe(asking("commit"))))._tag, "StoreUnavailable")
    assert.strictEqual(asked.asked(), 1)
  })
)
