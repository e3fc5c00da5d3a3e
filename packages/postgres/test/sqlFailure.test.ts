/** Which failures of the database are weather, to be asked again, and which are mistakes of this program. */
import { asking } from "@dueline/postgres/SqlFailure"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { ConnectionError, SqlError, UnknownError } from "effect/sql/SqlError"

const ofServer = (code: string) =>
  new SqlError({ reason: new UnknownError({ cause: Object.assign(new Error("said"), { code }) }) })

const ofNetwork = (code: string) =>
  new SqlError({ reason: new ConnectionError({ cause: Object.assign(new Error("said"), { code }) }) })

const isWeather = (error: SqlError) =>
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
])("SQLSTATE %s is weather", (code) => Effect.map(isWeather(ofServer(code)), assert.isTrue))

it.effect.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND", "ETIMEDOUT", "ENOENT"])("%s is weather", (code) =>
  Effect.map(isWeather(ofNetwork(code)), assert.isTrue)
)

it.effect.each(["42601", "42P01", "22P02", "23505", "28P01", "42501"])("SQLSTATE %s is a mistake", (code) =>
  Effect.map(isWeather(ofServer(code)), assert.isFalse)
)
