/** A subscription in the real program: messages over a kill and a restart, signed with its own secret, and once more. */
import { assert, describe, it } from "@effect/vitest"
import { verifySignature } from "@dueline/execution/attempts/signature"
import { Redacted } from "effect"
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

describe("a subscription", () => {
  it("hears of everything over a kill and a restart, once, signed with its own secret, and once more when asked", {
    timeout: 180_000,
    tags: ["ADR-0043.5"]
  }, async () => {
    const home = await homeWithDatabase()
    const target = await startTarget()
    try {
      const first = await startProgram(home)
      const token = await printed(home, ["token"])
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const post = async (at: string, path: string, body: object) => {
        const reply = await fetch(`${at}${path}`, { method: "POST", headers, body: JSON.stringify(body) })
        const json = (await reply.json()) as Readonly<Record<string, string>>
        assert.isBelow(reply.status, 300, JSON.stringify(json))
        return json
      }
      const hook = { url: `${target.url}/hook`, topics: ["ops.bin.*", "ops.service-call.*"] }
      const { id = "", secret = "" } = await post(first.address, "/v1/subscriptions", hook)
      const bins: Array<string> = []
      for (let n = 0; n < 40; n += 1) {
        const bin = { serialNumber: `SN-${n}`, category: "skip", sizeLitres: 7_000 }
        bins.push((await post(first.address, "/ops/bins", bin))["id"] ?? "")
      }
      await post(first.address, "/v1/service-calls", { request: { method: "GET", url: `${target.url}/own` } })
      await first.stop("SIGKILL")

      const second = await startProgram(home)
      const hooks = () => target.seen.filter(({ path }) => path === "/hook")
      const told = () => hooks().map(({ body }) => JSON.parse(body) as { type: string; data: { binId?: string } })
      const heard = () => new Set(told().flatMap(({ data }) => (data.binId === undefined ? [] : [data.binId])))
      await until("all are heard of", () => heard().size === bins.length)
      assert.sameMembers([...heard()], bins)
      await until("the call's end is heard of", () => told().some(({ type }) => type === "ops.service-call.succeeded"))
      for (const { body, headers: sent } of hooks()) {
        const plain = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)]))
        const checked = verifySignature({ headers: plain, body, secrets: [Redacted.make(secret)], now: Date.now() })
        assert.strictEqual(checked._tag, "Valid")
      }
      const ids = () => hooks().map(({ headers: sent }) => sent["webhook-id"])
      const before = new Set(ids())
      await post(second.address, `/v1/subscriptions/${id}/redeliver`, { from: "2020-01-01T00:00:00Z" })
      const count = hooks().length
      await until("they come once more", () => hooks().length >= count + bins.length)
      assert.deepStrictEqual(new Set(ids()), before, "no message has another id")
      assert.strictEqual(await second.stop("SIGTERM"), 0, second.output())
      const verified = await runCommand(home, ["verify", "--json"])
      assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
    } finally {
      await target.close()
      await removeHome(home)
    }
  })
})
