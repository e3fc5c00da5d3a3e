/** A program that opens a home and says so, to be killed by a test: `node program.fixture.ts <home> <settings as JSON>`. */
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { Effect } from "effect"

const [home = "", settings = "{}"] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const server = yield* EmbeddedServer.make({ home, durable: false, settings: JSON.parse(settings) })
  process.stdout.write(`${JSON.stringify({ pid: yield* server.pid, adopted: server.adopted })}\n`)
  return yield* Effect.never
})

Effect.runPromise(Effect.scoped(program)).catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`)
  process.exitCode = 1
})
