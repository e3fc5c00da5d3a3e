/** Kills the real program, again and again, in the middle of its work: nothing it accepted may be lost, and every call must end. */
import { assert, describe, it } from "@effect/vitest"
import {
  homeWithDatabase,
  printed,
  removeHome,
  runCommand,
  type RunningProgram,
  startProgram
} from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

/** `CRASH_KILLS=200` is the long proof. */
const kills = Number(process.env["CRASH_KILLS"] ?? 8)
const callsPerRound = 100
/** Who submit everything once more when all is over. */
const clients = 8
/** How long a person would wait for all to end, in polls. */
const pollLimit = 600

interface Listed {
  readonly id: string
  readonly status: string
}

const authorised = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" })

/** Answers the call's id when the program accepted it, and null when it died before it could say so. */
const submit = async (program: RunningProgram, token: string, target: Target, key: string): Promise<string | null> => {
  // A third is due at once, the rest within the next second, so that kills meet calls in every state.
  const delay = (Number(key.split("-")[1]) * 37) % 3 === 0 ? 0 : (Number(key.split("-")[1]) * 37) % 1000
  const body = JSON.stringify({
    delay,
    request: { method: "POST", url: `${target.url}/${key}`, body: { key } },
    retry: { maxAttempts: 50, initialDelayMs: 20, maxDelayMs: 200 }
  })
  try {
    const response = await fetch(`${program.address}/v1/service-calls`, {
      method: "POST",
      headers: { ...authorised(token), "idempotency-key": key },
      body
    })
    const answer = (await response.json()) as { readonly id: string }
    assert.strictEqual(response.status, 202, JSON.stringify(answer))
    return answer.id
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null
    throw error
  }
}

const list = async (program: RunningProgram, token: string, status: string): Promise<ReadonlyArray<Listed>> => {
  const all: Array<Listed> = []
  let cursor: string | null = null
  do {
    const url = `${program.address}/v1/service-calls?limit=200&status=${status}${cursor === null ? "" : `&cursor=${cursor}`}`
    const page = (await (await fetch(url, { headers: authorised(token) })).json()) as {
      readonly items: ReadonlyArray<Listed>
      readonly nextCursor: string | null
    }
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return all
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

const untilAllEnded = async (program: RunningProgram, token: string): Promise<void> => {
  for (let poll = 0; poll < pollLimit; poll++) {
    const live = [...(await list(program, token, "Scheduled")), ...(await list(program, token, "Running"))]
    if (live.length === 0) return
    await pause(100)
  }
  assert.fail("some calls had not ended long after the last kill")
}

/** One life of the program: submits a round of calls and kills it somewhere in the middle of answering and executing them. */
const round = async (
  home: string,
  token: string,
  target: Target,
  number: number,
  pending: Map<string, string | null>
): Promise<void> => {
  const program = await startProgram(home)
  const keys = Array.from({ length: callsPerRound }, (_, i) => `key-${number * callsPerRound + i}`)
  for (const key of keys) pending.set(key, null)
  const unanswered = [...pending].filter(([, id]) => id === null).map(([key]) => key)
  const answers = unanswered.map(async (key) => {
    const id = await submit(program, token, target, key)
    if (id !== null) pending.set(key, id)
  })
  await pause((number * 53) % 400)
  await program.stop("SIGKILL")
  await Promise.all(answers)
}

describe("kill -9", () => {
  it("loses nothing that was accepted and lets every call end", {
    timeout: 120_000 + kills * 15_000,
    tags: ["ADR-0004.3", "ADR-0004.1"]
  }, async () => {
    const home = await homeWithDatabase()
    const target = await startTarget()
    const pending = new Map<string, string | null>()
    try {
      const first = await startProgram(home)
      const token = await printed(home, ["token"])
      await first.stop("SIGKILL")
      for (let number = 0; number < kills; number++) await round(home, token, target, number, pending)

      const program = await startProgram(home)
      const left = [...pending].values()
      const submitAgain = async () => {
        for (const [key, id] of left) {
          const again = await submit(program, token, target, key)
          assert.isNotNull(again)
          if (id !== null) assert.strictEqual(again, id, `the same key named another call after a crash: ${key}`)
          pending.set(key, again)
        }
      }
      await Promise.all(Array.from({ length: clients }, submitAgain))
      await untilAllEnded(program, token)
      const succeeded = new Set((await list(program, token, "Succeeded")).map(({ id }) => id))
      for (const [key, id] of pending)
        assert.isTrue(id !== null && succeeded.has(id), `${key} was accepted and did not succeed`)
      assert.strictEqual(succeeded.size, pending.size, "there are calls that nobody submitted")
      witness(target, pending)
      assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
      const verified = await runCommand(home, ["verify", "--json"])
      assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
    } finally {
      await target.close()
      await removeHome(home)
    }
  })
})

/** What the target saw: every call at least once, none that was not submitted, and epochs that only grow. */
const witness = (target: Target, submitted: ReadonlyMap<string, string | null>): void => {
  const epochs = new Map<string, number>()
  for (const { headers, path } of target.seen) {
    const key = path.slice(1)
    assert.strictEqual(
      headers["dueline-call-id"],
      submitted.get(key) ?? "nobody's",
      `a request for ${key} that nobody asked for`
    )
    const epoch = Number(headers["dueline-epoch"])
    assert.isTrue(epoch > (epochs.get(key) ?? 0), `epoch ${epoch} of ${key} came after ${epochs.get(key)}`)
    epochs.set(key, epoch)
  }
  assert.strictEqual(epochs.size, submitted.size, "a call that succeeded was never sent")
}
