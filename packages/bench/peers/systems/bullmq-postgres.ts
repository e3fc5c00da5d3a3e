/** BullMQ on its PostgreSQL backend, whose driver is found only by the CommonJS build of the library. */
import type * as BullMq from "bullmq"
import { createRequire } from "node:module"
import type { Connection } from "../System.ts"
import { peerOn } from "./bullmq.ts"

const { createPostgresBackend, withBackend } = createRequire(import.meta.url)("bullmq") as typeof BullMq
const { Queue, Worker } = withBackend(createPostgresBackend)

const connection = ({ url = "" }: Connection) => ({ connectionString: url, migrate: true })

export default peerOn({
  queueAt: (at, name) => new Queue(name, { connection: connection(at) }),
  workerAt: (at, name, run, concurrency) => new Worker(name, run, { connection: connection(at), concurrency })
})
