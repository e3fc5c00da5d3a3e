/** What both backends of BullMQ share: the job, its id, and the worker. Completed jobs are kept, as by default, so ids stay taken. */
import type { JobsOptions } from "bullmq"
import { post } from "../load/post.ts"
import { body, type Call, type Connection, type Peer, type Producer } from "../System.ts"

const queueName = "calls"
const concurrency = 64

interface Job {
  readonly url: string
  readonly content: typeof body
}

interface Ready {
  readonly waitUntilReady: () => Promise<unknown>
}

interface AnyQueue extends Ready {
  readonly add: (name: string, job: Job, options: JobsOptions) => Promise<unknown>
}

const submitTo =
  (queue: AnyQueue): Producer["submit"] =>
  ({ dueAt, key, url }: Call) => {
    const delay = dueAt === undefined ? {} : { delay: Math.max(0, dueAt - Date.now()) }
    return queue.add("call", { url, content: body }, { jobId: key, ...delay })
  }

const processor = ({ data }: { readonly data: Job }): Promise<number> => post(data.url, data.content)

/** The peer on one of the backends. `queueAt` and `workerAt` make what is not ready yet. */
export const peerOn = (backend: {
  readonly queueAt: (at: Connection, name: string) => AnyQueue
  readonly workerAt: (at: Connection, name: string, run: typeof processor, concurrency: number) => Ready
}): Peer => ({
  produce: async (at) => {
    const queue = backend.queueAt(at, queueName)
    await queue.waitUntilReady()
    return { submit: submitTo(queue) }
  },
  work: async (at) => {
    await backend.workerAt(at, queueName, processor, concurrency).waitUntilReady()
  }
})
