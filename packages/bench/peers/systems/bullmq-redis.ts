/** BullMQ on Redis. */
import { Queue, Worker } from "bullmq"
import type { Connection } from "../System.ts"
import { peerOn } from "./bullmq.ts"

const connection = ({ host = "", port }: Connection) => ({ host, port: Number(port), maxRetriesPerRequest: null })

export default peerOn({
  queueAt: (at, name) => new Queue(name, { connection: connection(at) }),
  workerAt: (at, name, run, concurrency) => new Worker(name, run, { connection: connection(at), concurrency })
})
