/** The systems that are compared, and what was chosen for each. */
import { knowsRoles, startDueline, startDuelineSplit } from "./starts/dueline.ts"
import { startLibrary } from "./starts/library.ts"
import { natsVersion } from "./stores/nats.ts"
import { startPostgres } from "./stores/postgres.ts"
import { redisVersion, startRedis } from "./stores/redis.ts"
import { restateServer, startRestate } from "./stores/restate.ts"
import type { Store, System } from "./System.ts"

const nothing = async () => undefined

const noStore: Store = { connection: {}, lastWords: () => "", cpuMicros: () => 0 }

const reasonOf = (server: Promise<unknown>): Promise<string | undefined> =>
  server.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error))
  )

const noRedis = () => reasonOf(redisVersion())

const splitMissing = async () => {
  if (!(await knowsRoles())) return "`dueline serve` cannot be told its roles"
  return (await reasonOf(natsVersion())) ?? (await noRedis())
}

interface Library {
  readonly label: string
  readonly note: string
  readonly store: () => Promise<Store>
  readonly worker?: boolean
  readonly timers?: boolean
  readonly recovers?: boolean
  readonly missing?: () => Promise<string | undefined>
}

const libraries: Readonly<Record<string, Library>> = {
  "bullmq-redis": {
    label: "BullMQ, Redis",
    note: "`appendfsync always`, worker concurrency 64",
    store: startRedis,
    missing: noRedis
  },
  "bullmq-postgres": {
    label: "BullMQ, PostgreSQL",
    note: "worker concurrency 64",
    store: startPostgres
  },
  "graphile-worker": {
    label: "graphile-worker",
    note: "64 jobs at once, local queue of 500, completions batched, poll every 100 ms",
    store: startPostgres
  },
  "pg-boss": {
    label: "pg-boss",
    note: "four workers with batches of 250, poll every 500 ms (its shortest)",
    store: startPostgres
  },
  "dbos-queue": {
    label: "DBOS, queue",
    note: "poll every 100 ms (default 1 s), no limit of concurrency, same executor id after a restart",
    store: startPostgres
  },
  "dbos-start": {
    label: "DBOS, startWorkflow",
    note: "the process that submits also carries out; no due times without a queue; same executor id after a restart",
    store: startPostgres,
    worker: false,
    timers: false
  },
  restate: {
    label: "Restate",
    note: "one node, defaults, one `ctx.run` around the call; submitted over HTTP, the service in a process of its own",
    store: startRestate,
    missing: async () => (restateServer() === undefined ? "there is no server package for this platform" : undefined)
  },
  floor: {
    label: "(no system)",
    note: "the load generator makes each call itself, by a timer in memory where there is a due time; nothing is kept",
    store: async () => noStore,
    worker: false,
    recovers: false
  }
}

export const systemsFor = (concurrency: number): ReadonlyArray<System> => [
  {
    name: "dueline",
    label: "Dueline, all in one",
    note: "the program with its own database; each call submitted in a request of its own, with a token",
    missing: nothing,
    start: () => startDueline("dueline", concurrency)
  },
  {
    name: "dueline-batches",
    label: "Dueline, batches",
    note: "the same program; submitted through its client, which puts calls that are submitted together into one request",
    missing: nothing,
    start: () => startDueline("dueline-batches", concurrency)
  },
  {
    name: "dueline-split",
    label: "Dueline, split",
    note: "api, orchestrator, timer and dispatcher, executor as four processes over PostgreSQL, NATS and Redis",
    missing: splitMissing,
    start: () => startDuelineSplit(concurrency)
  },
  ...Object.entries(libraries).map(
    ([name, { label, missing, note, recovers = true, store, timers = true, worker = true }]) => ({
      name,
      label,
      note,
      timers,
      recovers,
      missing: missing ?? nothing,
      start: () => startLibrary({ name, store, worker, concurrency })
    })
  )
]
