/** A schedule in the real program, over a kill and a restart. */
import { assert, describe, it } from "@effect/vitest"
import { homeWithDatabase, printed, removeHome, runCommand, startProgram } from "./RunningProgram.ts"
import { startTarget } from "./Target.ts"

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

const until = async (what: string, isSo: () => boolean): Promise<void> => {
  for (let poll = 0; poll < 600; poll += 1) {
    if (isSo()) return
    await pause(50)
  }
  assert.fail(`not so after a long time: ${what}`)
}

describe("a schedule", () => {
  it("goes on over a kill and a restart, and each second of it is one call", {
    timeout: 120_000,
    tags: ["ADR-0036.4"]
  }, async () => {
    const home = await homeWithDatabase()
    const target = await startTarget()
    try {
      const first = await startProgram(home)
      const token = await printed(home, ["token"])
      const made = await fetch(`${first.address}/v1/schedules`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({
          cron: "* * * * * *",
          zone: "Europe/Prague",
          overlap: "allow",
          missed: { policy: "all", max: 100 },
          request: { method: "POST", url: `${target.url}/{{occurrence.epochMs}}`, body: "{{occurrence.id}}" }
        })
      })
      const schedule = (await made.json()) as { readonly id: string }
      assert.strictEqual(made.status, 201, JSON.stringify(schedule))
      await until("three calls were made", () => target.seen.length >= 3)
      await first.stop("SIGKILL")
      const killedAt = Date.now()

      const second = await startProgram(home)
      const times = () => new Set(target.seen.map(({ path }) => Number(path.slice(1))))
      await until("it went on", () => [...times()].some((at) => at > killedAt + 2_000))
      const deleted = await fetch(`${second.address}/v1/schedules/${schedule.id}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${token}` }
      })
      assert.strictEqual(deleted.status, 200)
      const seconds = [...times()].sort((a, b) => a - b)
      await until("the last was sent", () => target.seen.length >= seconds.length)
      const [from = 0, to = 0] = [seconds[0], seconds.at(-2)]
      const all = Array.from({ length: (to - from) / 1_000 + 1 }, (_, n) => from + n * 1_000)
      assert.deepStrictEqual(seconds.slice(0, -1), all, "a second was left out")
      const calls = new Map<string, string>()
      for (const { body, headers, path } of target.seen) {
        assert.strictEqual(headers["dueline-call-id"], body)
        assert.strictEqual(calls.get(path) ?? body, body, "a second was two calls")
        calls.set(path, body)
      }
      assert.strictEqual(await second.stop("SIGTERM"), 0, second.output())
      const verified = await runCommand(home, ["verify", "--json"])
      assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
    } finally {
      await target.close()
      await removeHome(home)
    }
  })
})
