/** BullMQ on Redis. */
import { Queue, Worker } from "bullmq"
import type { Connection, Peer } from "../System.ts"
import { processor, producerOn, queueName, workerOptions } from "./bullmq.ts"

const connection = ({ host = "", port }: Connection) => ({ host, port: Number(port), maxRetriesPerRequest: null })

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
