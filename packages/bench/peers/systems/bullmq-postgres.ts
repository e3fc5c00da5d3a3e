/** BullMQ on its PostgreSQL backend, whose driver is found only by the CommonJS build of the library. */
import type * as BullMq from "bullmq"
import { createRequire } from "node:module"
import type { Connection, Peer } from "../System.ts"
import { processor, producerOn, queueName, workerOptions } from "./bullmq.ts"

const { createPostgresBackend, withBackend } = createRequire(import.meta.url)("bullmq") as typeof BullMq
const { Queue, Worker } = withBackend(createPostgresBackend)

const connection = ({ url = "" }: Connection) => ({ connectionString: url, migrate: true })

const peer: Peer = {
  produce: async (at) => {
    const queue = new Queue(queueName, { connection: connection(at) })
    await queue.waitUntilReady()
    return producerOn(queue)
  },
  work: async (at) => {
    const worker = new Worker(queueName, processor, { connection: connection(at), ...workerOptions })
    await worker.waitUntilReady()
  }
}

export default peer
