/** graphile-worker with what its manual advises for throughput: a local queue, and completions in batches. */
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import pg from "pg"
import { post } from "../load/post.ts"
import { body, type Connection, type Peer } from "../System.ts"

const logger = new Logger(() => (level, message) => {
  if (level === "error") console.error(message)
})

const poolAt = ({ url }: Connection) => {
  const pool = new pg.Pool({ connectionString: url })
  pool.on("error", console.error)
  return pool
}

const peer: Peer = {
  produce: async (at) => {
    const { addJob } = await makeWorkerUtils({ pgPool: poolAt(at), logger })
    return {
      submit: ({ dueAt, key, url }) => {
        const runAt = dueAt === undefined ? {} : { runAt: new Date(dueAt) }
        return addJob("call", { url, content: body }, { jobKey: key, ...runAt })
      }
    }
  },
  work: async (at) => {
    await run({
      pgPool: poolAt(at),
      logger,
      noHandleSignals: true,
      taskList: {
        call: async (job) => {
          const { content, url } = job as { readonly url: string; readonly content: unknown }
          await post(url, content)
        }
      },
      preset: {
        worker: {
          concurrentJobs: 64,
          pollInterval: 100,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0
        }
      }
    })
  }
}

export default peer
