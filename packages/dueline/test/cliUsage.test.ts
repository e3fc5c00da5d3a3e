import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { callId } from "./FakeProgram.ts"
import { runCli } from "./runCli.ts"

const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: RegExp]> = [
  [["submit"], /Unknown subcommand "submit"/u],
  [["serve", "--port", "1"], /Unrecognized flag: --port/u],
  [["token", "--ttl", "1 hour"], /--ttl.*a duration, e\.g\. 500ms/u],
  [["token", "--ttl", "31d"], /--ttl.*between 1\.0 s and 30 d/u],
  [["token", "--scope", "everything"], /--scope.*ops:calls\.read/u],
  [["tenant", "create", "Not A Name"], /<workspace>.*1 to 63 of a-z/u],
  [["tenant", "create"], /Say what the tenant is called/u],
  [["tenant", "create", "--name", "Acme Waste"], /cannot be a workspace.*\n +say --workspace too/u],
  [["tenant", "create", "acme", "--api-key", "Web Shop"], /--api-key.*1 to 63 lower-case/u],
  [["tenant", "create", "acme", "--scope", "ops:events.write"], /say --api-key NAME too/u],
  [
    ["tenant", "create", "acme", "--api-key", "a", "--scope", "ops:tenants.write"],
    /"ops:tenants.write" is no scope of an API key/u
  ],
  [["redaction", "set", "acme"], /Say what is struck out/u],
  [["redaction", "set", "acme", "--pattern", "*"], /--pattern.*field:NAME/u],
  [["redaction", "set", "acme", "--failed-requests", "burn"], /--failed-requests.*"drop"/u],
  [["tenant", "suspend", "acme"], /Missing required flag: --reason/u],
  [["projections", "rebuild", "--only", "everything"], /--only.*"service-calls"/u],
  [["call", "submit", "--delay", "3s"], /Missing required flag: --url/u],
  [["call", "submit", "--url", "http://a.example", "--delay", "3"], /--delay.*a duration/u],
  [["call", "submit", "--url", "http://a.example", "--due-at", "tomorrow"], /--due-at.*a date and time with offset/u],
  [["call", "submit", "--url", "http://a.example", "--timeout", "1ms"], /--timeout.*between 100 ms and 5 min/u],
  [["call", "submit", "--url", "http://a.example", "--max-attempts", "51"], /--max-attempts/u],
  [["call", "submit", "--url", "http://a.example", "--method", "BREW"], /--method.*"GET"/u],
  [["call", "submit", "--url", "http://a.example", "--key", "two words"], /--key.*visible ASCII/u],
  [["call", "submit", "--url", "http://a.example", "--header", "nothing"], /"nothing" is no header/u],
  [["call", "submit", "--url", "http://a.example", "--header", "a: 1", "--header", "a: 2"], /"a" is given twice/u],
  [["call", "submit", "--url", "http://a.example", "--json-body", "{"], /--json-body is not valid JSON/u],
  [
    ["call", "submit", "--url", "http://a.example", "--body", "a", "--json-body", "1"],
    /--body or --json-body, not both/u
  ],
  [
    ["call", "submit", "--url", "http://a.example", "--delay", "1s", "--due-at", "2026-01-31T09:00:00Z"],
    /--delay or --due-at/u
  ],
  [["call", "submit", "--url", "http://a.example", "--body", "@/no/such/file"], /\/no\/such\/file cannot be read/u],
  [["call", "list", "--status", "Lost"], /--status.*"Succeeded"/u],
  [["call", "list", "--limit", "201"], /--limit/u],
  [["call", "list", "--server", "localhost:8080"], /--server.*an address/u],
  [["call", "show", "42"], /<id>.*the id of a service call/u],
  [["call", "reschedule", callId], /Give --delay or --due-at/u],
  [["call", "cancel", callId, "--if-match", "latest"], /--if-match.*a version, e\.g\. 3/u]
]

it.effect.each(wrong)(
  "wrong usage says what is expected, prints no result, asks nobody and exits with 2: %j",
  ([args, says]) =>
    Effect.gen(function* () {
      const { exitCode, stderr, stdout } = yield* runCli(args)
      assert.match(stderr, says)
      assert.match(stderr, /^error: /u)
      assert.strictEqual(stdout, "")
      assert.strictEqual(exitCode, 2)
    })
)

const ofCalls = ["submit", "list", "show", "cancel", "reschedule", "run", "watch"]
const commands = [
  "serve",
  "token",
  "migrate",
  "doctor",
  "verify",
  "projections rebuild",
  "tenant create",
  "tenant list",
  "tenant suspend",
  "redaction set",
  ...ofCalls.map((name) => `call ${name}`)
]

it.effect.each(commands)("`%s --help` describes the command and gives an example of it", (command) =>
  Effect.gen(function* () {
    const { exitCode, stderr, stdout } = yield* runCli([...command.split(" "), "--help"])
    assert.strictEqual(exitCode, 0)
    assert.include(stdout, `dueline ${command}`)
    assert.match(stdout.slice(stdout.indexOf("EXAMPLES")), new RegExp(`dueline ${command}`, "u"))
    assert.strictEqual(stderr, "")
  })
)

it.effect("a command that needs a further word prints the words there are and exits with 2", () =>
  Effect.gen(function* () {
    const { exitCode, stdout } = yield* runCli(["call"])
    assert.match(stdout, /reschedule/u)
    assert.strictEqual(exitCode, 2)
  })
)

it.effect("--version is the version of the package", () =>
  Effect.gen(function* () {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      readonly version: string
    }
    assert.strictEqual((yield* runCli(["--version"])).stdout, `dueline v${manifest.version}`)
  })
)

it.effect.each(["bash", "zsh", "fish"])("--completions %s knows every command", (shell) =>
  Effect.gen(function* () {
    const { exitCode, stdout } = yield* runCli(["--completions", shell])
    assert.strictEqual(exitCode, 0)
    for (const word of commands.flatMap((command) => command.split(" "))) assert.include(stdout, word)
  })
)
