/** Whatever is written where a command expects something else, it says what it expects. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { describeFailure } from "../src/cli/describeFailure.ts"
import { callId } from "./FakeProgram.ts"
import { runCli } from "./runCli.ts"

const submit = ["call", "submit", "--url", "https://a.example"]
const flags: ReadonlyArray<readonly [args: ReadonlyArray<string>, flag: string]> = [
  [["call", "list"], "--limit"],
  [["call", "list"], "--q"],
  [["call", "list"], "--tag"],
  [["call", "list"], "--status"],
  [["call", "list"], "--due-from"],
  [["call", "list"], "--due-to"],
  [["call", "list"], "--server"],
  [submit, "--method"],
  [submit, "--delay"],
  [submit, "--due-at"],
  [submit, "--tag"],
  [submit, "--max-attempts"],
  [submit, "--timeout"],
  [submit, "--key"],
  [submit, "--wait"],
  [["call", "cancel", callId], "--if-match"],
  [["call", "reschedule", callId], "--delay"],
  [["token"], "--ttl"],
  [["token"], "--scope"],
  [["token"], "--subject"]
]

const bad = /RegExp|Schema validation failed|string matching|<filter>|code points|finite number/u

it.effect.each(flags)("%j %s says what it expects", ([args, flag]) =>
  Effect.gen(function* () {
    for (const value of ["a\u0000b", "\u001b[31m", "", "1.5", "-1", "99999999999999999999"]) {
      const { exitCode, stderr } = yield* runCli([...args, `${flag}=${value}`])
      assert.notMatch(stderr, bad)
      if (exitCode === 2) assert.match(stderr, new RegExp(`${flag}.*Expected: \\S`, "su"))
    }
  })
)

it.effect("numbers are told with their bounds", () =>
  Effect.gen(function* () {
    const said = (...args: ReadonlyArray<string>) => Effect.map(runCli(args), ({ stderr }) => stderr)
    assert.include(
      yield* said("call", "list", "--limit", "500"),
      '--limit: "500". Expected: a whole number from 1 to 200'
    )
    assert.include(yield* said("call", "list", "--limit", "abc"), "Expected: a whole number from 1 to 200")
    assert.include(yield* said(...submit, "--wait", "31"), "Expected: a whole number from 0 to 30")
    assert.include(yield* said(...submit, "--tag", "a b"), "Expected: 1 to 64 letters, digits and _.:=/-")
    assert.include(yield* said(...submit, "--json-body", "[12345678901234567890]"), "would change its value")
  })
)

it.effect("what the database answered is told, and what to do when it is of another version", () =>
  Effect.gen(function* () {
    const said = (code: string, message: string) =>
      describeFailure(
        new Error("no snapshot", {
          cause: new SqlError({
            reason: new UnknownError({ message: "Query failed", cause: Object.assign(new Error(message), { code }) })
          })
        })
      )
    const older = yield* said("42883", "function dueline.later() does not exist")
    assert.strictEqual(older.message, "The database answered: function dueline.later() does not exist (SQLSTATE 42883)")
    assert.match(older.notes.join(), /of another version .*restart it/u)
    assert.deepStrictEqual((yield* said("53100", "disk full")).notes, [])
  })
)

const listening = (trouble: object) =>
  Object.assign(new Error("listen"), { _tag: "ServeError", cause: Object.assign(new Error("said"), trouble) })

const troubles: ReadonlyArray<readonly [trouble: object, says: RegExp]> = [
  [{ code: "EADDRINUSE", address: "127.0.0.1", port: 8080 }, /Another program listens on 127\.0\.0\.1:8080/u],
  [{ code: "EACCES", address: "127.0.0.1", port: 80 }, /127\.0\.0\.1:80 is not allowed/u],
  [{ code: "EADDRNOTAVAIL", address: "192.0.2.1", port: 8080 }, /no address 192\.0\.2\.1 to listen on/u],
  [{ code: "ENOTFOUND", hostname: "nowhere.invalid" }, /no address nowhere\.invalid to listen on/u],
  [{ code: "EINVAL" }, /no address like the one in HOST/u],
  [{ code: "EIO" }, /the address that HOST and PORT name failed: EIO/u]
]

it.effect.each(troubles)("a program that cannot listen says where and what to do: %j", ([trouble, says]) =>
  Effect.gen(function* () {
    const { message, notes } = yield* describeFailure(listening(trouble))
    assert.match(message, says)
    assert.notInclude(message, "?")
    assert.match(notes.join(" "), /stop it|set (?:HOST|PORT)/u)
  })
)
