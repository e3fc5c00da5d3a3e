/** What both backends of BullMQ share: the job, its id, and the worker. Completed jobs are kept, as by default, so ids stay taken. */
import type { JobsOptions } from "bullmq"
import { post } from "../load/post.ts"
import { body, type Call, type Producer } from "../System.ts"

export const queueName = "calls"

export const workerOptions = { concurrency: 64 }

interface Job {
  readonly url: string
  readonly content: typeof body
}

interface AnyQueue {
  readonly add: (name: string, job: Job, options: JobsOptions) => Promise<unknown>
}

export const producerOn = (queue: AnyQueue): Producer => ({
  submit: ({ dueAt, key, url }: Call) => {
    const delay = dueAt === undefined ? {} : { delay: Math.max(0, dueAt - Date.now()) }
    return queue.add("call", { url, content: body }, { jobId: key, ...delay })
  }
})

export const processor = ({ data }: { readonly data: Job }): Promise<number> => post(data.url, data.content)
