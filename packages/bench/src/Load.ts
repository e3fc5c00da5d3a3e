/** Submits calls over HTTP with a fixed number of clients, each waiting for its answer before it asks again. */
import { IdempotencyKey } from "@dueline/contracts/Ids"
import type { Schema } from "effect"
import { Pool } from "undici"
import type { Subject } from "./Subject.ts"
import { makeSubmit } from "./submitter.ts"
import { now } from "./Target.ts"

export interface Submission {
  /** Epoch ms; absent means now. */
  readonly dueAt?: number
  readonly url: string
  /** What the call sends; a few words when absent. */
  readonly body?: Schema.Json
  /** Of another tenant than the demo's. */
  readonly token?: string
}

export interface Submitted {
  /** Wall time of all of them, in milliseconds. */
  readonly elapsedMs: number
  /** From asking to the durable answer, in milliseconds, sorted. */
  readonly latenciesMs: ReadonlyArray<number>
}

export interface Load {
  readonly submit: (count: number, submission: (i: number) => Submission) => Promise<Submitted>
  readonly get: (path: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

let serial = 0

const plainBody = { order: 4711, bin: "B-17", what: "pickup" }

const requestOf = ({ body = plainBody, url }: Submission) => ({ method: "POST", url, body }) as const

const newKey = (): string => `bench-${process.pid}-${serial++}`

const whenOf = ({ dueAt }: Submission) => (dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() })

/** Through the client of the project, which puts calls that are submitted together into one request. */
export const makeBatchLoad = async (subject: Subject, concurrency: number): Promise<Load> => {
  const submit = await makeSubmit(subject.address, subject.token)
  return makeLoad(subject, concurrency, async (submission) => {
    const idempotencyKey = IdempotencyKey.make(newKey())
    await submit({ ...whenOf(submission), idempotencyKey, request: requestOf(submission) })
  })
}

/** Each number below `count` once, by so many clients, each of which is done with one before it takes the next. */
export const byClients = async (clients: number, count: number, one: (i: number) => Promise<void>): Promise<void> => {
  let next = 0
  const client = async () => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: clients }, client))
}

type Post = (submission: Submission) => Promise<void>

/** `post` submits one call; by default in a request of its own. */
export const makeLoad = (
  { address, token }: Pick<Subject, "address" | "token">,
  concurrency: number,
  post?: Post
): Load => {
  const pool = new Pool(address, { connections: concurrency, pipelining: 1 })
  const postAlone: Post = async (submission) => {
    const authorization = `Bearer ${submission.token ?? token}`
    const headers = { authorization, "content-type": "application/json", "idempotency-key": newKey() }
    const content = JSON.stringify({ ...whenOf(submission), request: requestOf(submission) })
    const answer = await pool.request({ path: "/v1/service-calls", method: "POST", headers, body: content })
    const text = await answer.body.text()
    if (answer.statusCode !== 202) throw new Error(`${answer.statusCode}: ${text}`)
  }
  return {
    submit: async (count, submission) => {
      const latencies: Array<number> = []
      const from = now()
      await byClients(concurrency, count, async (i) => {
        const asked = now()
        await (post ?? postAlone)(submission(i))
        latencies.push(now() - asked)
      })
      return { elapsedMs: now() - from, latenciesMs: latencies.toSorted((a, b) => a - b) }
    },
    get: async (path) => {
      const answer = await pool.request({ path, method: "GET", headers: { authorization: `Bearer ${token}` } })
      return answer.body.json()
    },
    close: () => pool.close()
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Waits until no call is scheduled or running any more: every result is then recorded. */
export const untilAllEnded = async (load: Load): Promise<void> => {
  for (const status of ["Running", "Scheduled"]) {
    while (true) {
      const page = (await load.get(`/v1/service-calls?status=${status}&limit=1`)) as {
        readonly items: ReadonlyArray<unknown>
      }
      if (page.items.length === 0) break
      await pause(5)
    }
  }
}
