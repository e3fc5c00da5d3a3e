/**
 * Runs NATS, Redis and PostgreSQL for development until Ctrl-C: `pnpm servers [--temporary]`. Prints the settings under which the program
 * uses them. What they hold stays in `.dueline/servers`, unless it is to be temporary.
 */
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { RunningServer } from "../packages/test-servers/src/ServerProcess.ts"
import { temporaryDirectory } from "../packages/test-servers/src/sharedServers.ts"
import { startNats } from "../packages/test-servers/src/startNats.ts"
import { startPostgres } from "../packages/test-servers/src/startPostgres.ts"
import { startRedis } from "../packages/test-servers/src/startRedis.ts"

const help = `usage: pnpm servers [--temporary]

Runs PostgreSQL, NATS and Redis for development until Ctrl-C, and prints the settings under which the program uses them.

  --temporary   what they hold goes when they end, instead of staying in .dueline/servers
  --help        this text
`
const ports = { nats: 14_222, redis: 16_379, postgres: 15_432 }

const start = async (directory: string) => {
  const at = (name: keyof typeof ports) => ({ directory: join(directory, name), port: ports[name] })
  const outcomes = await Promise.allSettled([
    startPostgres(at("postgres")),
    startNats(at("nats")),
    startRedis({ ...at("redis"), durable: true })
  ])
  const running = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
  const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []))
  if (failed.length === 0) return running
  await stop(running)
  throw new Error(failed.join("\n"))
}

const stop = (running: ReadonlyArray<RunningServer>) => Promise.all(running.map((server) => server.stop()))

const serve = async (temporary: boolean): Promise<void> => {
  const directory = temporary ? await temporaryDirectory() : join(import.meta.dirname, "..", ".dueline", "servers")
  const running = await start(directory)
  const [postgres, nats, redis] = running
  console.log(`export DUELINE_DATABASE_URL=${postgres?.url}`)
  console.log(`export DUELINE_NATS_URL=${nats?.url}`)
  console.log(`export DUELINE_REDIS_URL=${redis?.url}`)
  console.error(`dueline: running, with their files in ${directory}; Ctrl-C stops them`)
  const alive = setInterval(() => undefined, 60_000)
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      clearInterval(alive)
      void stop(running)
    })
  }
}

try {
  const { values } = parseArgs({
    options: { temporary: { type: "boolean", default: false }, help: { type: "boolean", default: false } }
  })
  if (values.help) console.log(help)
  else await serve(values.temporary)
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = 1
}
