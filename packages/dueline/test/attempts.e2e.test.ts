/** Attempts mean requests, seen from the outside: a database that stands still costs none, and a cancel wins until its request leaves. */
import { assert, describe, it } from "@effect/vitest"
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { afterAll, beforeAll } from "vitest"
import { homeWithDatabase, printed, removeHome, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

let home: string
let program: RunningProgram
let target: Target
let token: string

beforeAll(async () => {
  home = await homeWithDatabase()
  target = await startTarget()
  program = await startProgram(home)
  token = await printed(home, ["token"])
}, 120_000)

afterAll(async () => {
  await program.stop("SIGTERM")
  await target.close()
  await removeHome(home)
})

interface Call {
  readonly id: string
  readonly status: string
  readonly dueAt: string
  readonly attempt: number
  readonly attempts: ReadonlyArray<{ readonly startedAt: string }>
}

interface Answer {
  readonly status: number
  readonly etag: string
  readonly body: Call
}

const api = async (method: string, path: string, body?: object, etag?: string): Promise<Answer> => {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    ...(etag === undefined ? {} : { "if-match": etag })
  }
  const text = body === undefined ? null : JSON.stringify(body)
  const response = await fetch(`${program.address}/v1/service-calls${path}`, { method, headers, body: text })
  return {
    status: response.status,
    etag: response.headers.get("etag") ?? "",
    body: (await response.json()) as Call
  }
}

const submit = async (path: string, delay: number): Promise<string> => {
  const call = { delay, request: { method: "POST", url: `${target.url}${path}` }, retry: { maxAttempts: 1 } }
  return (await api("POST", "", call)).body.id
}

const ended = async (id: string): Promise<Call> => {
  for (;;) {
    const { body } = await api("GET", `/${id}`)
    if (!["Scheduled", "Running"].includes(body.status)) return body
    await wait(100)
  }
}

/** The postmaster of this home and all its children, by what the kernel says of them. */
const databaseProcesses = (): ReadonlyArray<number> => {
  const [lock] = globSync(join(home, "**", "postmaster.pid"))
  const postmaster = Number(readFileSync(lock ?? assert.fail("no database in the home"), "utf8").split("\n")[0])
  const isChild = (pid: string): boolean => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]) === postmaster
    } catch {
      return false
    }
  }
  return [
    postmaster,
    ...readdirSync("/proc")
      .filter((name) => /^\d+$/u.test(name) && isChild(name))
      .map(Number)
  ]
}

const seen = (path: string) => target.seen.filter((one) => one.path === path)

describe("an attempt is a request", () => {
  it("a call due while the database stands still for longer than a lease is made when it goes on, with its only attempt", {
    tags: ["ADR-0012.8", "ADR-0012.11"],
    timeout: 120_000
  }, async () => {
    const ids = await Promise.all(["/still/1", "/still/2", "/still/3"].map((path) => submit(path, 1_500)))
    const processes = databaseProcesses()
    for (const pid of processes) process.kill(pid, "SIGSTOP")
    try {
      await wait(12_000)
    } finally {
      for (const pid of processes) process.kill(pid, "SIGCONT")
    }
    for (const [n, id] of ids.entries()) {
      const call = await ended(id)
      assert.deepStrictEqual([call.status, call.attempt], ["Succeeded", 1])
      assert.lengthOf(seen(`/still/${n + 1}`), 1)
    }
  })

  it("a call is cancelled or moved in the last moments before it is due, and what is read of it then lies in the past", {
    tags: ["ADR-0012.12", "ADR-0012.5"],
    timeout: 120_000
  }, async () => {
    const rounds = Array.from({ length: 16 }, (_, n) => n)
    const answers = await Promise.all(
      rounds.map(async (n) => {
        const path = `/late/${n}`
        const id = await submit(path, 1_000)
        const dueAt = Date.parse((await api("GET", `/${id}`)).body.dueAt)
        // Some before the handing over, most after it, none later than its time.
        await wait(Math.max(0, dueAt - Date.now() - 60 + n * 3))
        const { body, etag } = await api("GET", `/${id}`)
        for (const { startedAt } of body.attempts) assert.isAtMost(Date.parse(startedAt), Date.now())
        if (n % 2 === 0) return { id, path, kind: "cancel", ...(await api("POST", `/${id}/cancel`)) }
        return { id, path, kind: "move", ...(await api("PATCH", `/${id}`, { delay: 600_000 }, etag)) }
      })
    )
    // Those that came in time won; of those that came too late it is said, and of what was read before it was handed over too.
    await wait(1_500)
    for (const { id, kind, path, status } of answers) {
      const { body } = await api("GET", `/${id}`)
      if (status !== 200) assert.include(kind === "cancel" ? [202, 409] : [409, 412], status)
      else
        assert.deepStrictEqual(
          [kind, body.status, seen(path).length],
          [kind, kind === "cancel" ? "Cancelled" : "Scheduled", 0]
        )
      if (status === 409) assert.lengthOf(seen(path), 1)
    }
  })
})
