/** pg-boss at the shortest poll it allows, half a second, with batches large enough that the poll is not what limits it. */
import PgBoss from "pg-boss"
import { post } from "../load/post.ts"
import { body, type Connection, type Peer } from "../System.ts"

const queue = "calls"

const start = async ({ url = "" }: Connection, options: PgBoss.ConstructorOptions): Promise<PgBoss> => {
  const boss = new PgBoss({ connectionString: url, ...options })
  boss.on("error", console.error)
  await boss.start()
  return boss
}

interface Job {
  readonly url: string
  readonly content: unknown
}

const peer: Peer = {
  produce: async (at) => {
    const boss = await start(at, { supervise: false, schedule: false, migrate: false })
    return {
      submit: ({ dueAt, key, url }) => {
        const startAfter = dueAt === undefined ? {} : { startAfter: new Date(dueAt) }
        return boss.send(queue, { url, content: body }, { id: key, ...startAfter })
      }
    }
  },
  work: async (at) => {
    const boss = await start(at, { schedule: false })
    await boss.createQueue(queue)
    const options = { batchSize: 250, pollingIntervalSeconds: 0.5 }
    for (let i = 0; i < 4; i++) {
      await boss.work<Job>(queue, options, (jobs) => Promise.all(jobs.map(({ data }) => post(data.url, data.content))))
    }
  }
}

export default peer
