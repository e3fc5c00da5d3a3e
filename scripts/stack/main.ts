/**
 * `pnpm stack:up`, `stack:down`, `stack:seed` and `stack:logs`: the installation of docker-compose.yml. What follows the name goes to
 * Docker Compose as it is, except `--cluster`, which means three brokers instead of one.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const help = `usage: pnpm stack:up [--cluster] | stack:down | stack:seed | stack:logs  [arguments of Docker Compose]

  stack:up     builds and starts the installation of docker-compose.yml and waits until it is healthy; --cluster: three brokers
  stack:down   stops and removes it; --volumes removes its data too
  stack:seed   makes the tenant demo and prints a token for it
  stack:logs   shows the last hundred lines of each part; --follow goes on
`
const root = join(import.meta.dirname, "..", "..")
const demoTenant = "demo"

/** The exit code; output and signals are the terminal's. */
const compose = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): number => {
  const options = { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" as const }
  return spawnSync("docker", ["compose", ...args], options).status ?? 1
}

const isThere = (): boolean => spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status === 0

const advice = `Docker Compose is not there: "docker compose version" does not work on this machine.
  With it: install Docker Engine 24 or later with the Compose plugin 2.24 or later, then run this again.
  Without it: "pnpm servers" runs PostgreSQL, NATS and Redis and prints the settings under which the program uses them;
  "pnpm start" runs all of the program with a database of its own.`

const up = (args: ReadonlyArray<string>): number => {
  const cluster = args.includes("--cluster")
  const rest = args.filter((arg) => arg !== "--cluster")
  const profile = cluster ? ["--profile", "cluster"] : []
  return compose(
    [...profile, "up", "--build", "--detach", "--wait", "--remove-orphans", ...rest],
    cluster ? { STACK_NATS_SINGLE: "0", STACK_NATS_REPLICAS: "3" } : {}
  )
}

/** The token alone goes to standard output. */
const seed = (args: ReadonlyArray<string>): number => {
  const inside = ["exec", "--no-TTY", "api", "dueline"]
  const created = spawnSync("docker", ["compose", ...inside, "tenant", "create", demoTenant, "--if-absent"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"]
  })
  if (created.status !== 0) return created.status ?? 1
  console.error(`the tenant is ${demoTenant}; its token is good for eight hours:`)
  return compose([...inside, "token", "--tenant", demoTenant, "--ttl", "8h", ...args])
}

const commands: Readonly<Record<string, (args: ReadonlyArray<string>) => number>> = {
  up,
  down: (args) => compose(["--profile", "cluster", "down", "--remove-orphans", ...args]),
  seed,
  logs: (args) => compose(["--profile", "cluster", "logs", "--tail", "100", ...args])
}

const [name = "", ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (args.includes("--help")) {
  console.log(help)
} else if (command === undefined) {
  console.error(`usage: node scripts/stack/main.ts ${Object.keys(commands).join("|")} [arguments]`)
  process.exitCode = 2
} else if (isThere()) {
  process.exitCode = command(args)
} else {
  console.error(advice)
  process.exitCode = 1
}
