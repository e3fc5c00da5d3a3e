/** A pause in the real program, over a kill and a restart. */
import { assert, describe, it } from "@effect/vitest"
import { homeWithDatabase, printed, removeHome, startProgram } from "./RunningProgram.ts"
import { startTarget } from "./Target.ts"

describe("a pause", () => {
  it("holds over a kill, says why in the call's detail, and releases at its rate", {
    timeout: 120_000,
    tags: ["ADR-0042.3"]
  }, async () => {
    const home = await homeWithDatabase()
    const target = await startTarget()
    try {
      const first = await startProgram(home)
      const token = await printed(home, ["token"])
      let { address } = first
      const ask = async <A>(method: string, path: string, body?: object): Promise<A> => {
        const response = await fetch(`${address}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        })
        const text = await response.text()
        assert.isTrue(response.ok, text)
        return JSON.parse(text) as A
      }
      const submit = (path: string, more: object = {}) =>
        ask<{ readonly id: string }>("POST", "/v1/service-calls", {
          delay: 0,
          request: { method: "POST", url: `${target.url}${path}` },
          ...more
        })
      const seen = (path: string) => target.seen.filter((request) => request.path === path).length
      const until = async (isSo: () => Promise<boolean> | boolean) => {
        for (let poll = 0; poll < 600 && !(await isSo()); poll += 1) await new Promise((done) => setTimeout(done, 50))
        assert.isTrue(await isSo(), "not so after a long time")
      }

      const pause = await ask<{ readonly id: string }>("POST", "/v1/pauses", {
        of: "tag",
        key: "paused",
        reason: "prices are wrong"
      })
      const held = await submit("/held", { tags: ["paused"] })
      for (let n = 0; n < 5; n += 1) await submit("/held", { tags: ["paused"] })
      await submit("/free")
      await until(() => seen("/free") === 1)
      await first.stop("SIGKILL")

      const second = await startProgram(home)
      ;({ address } = second)
      await submit("/after")
      await until(() => seen("/after") === 1)
      assert.strictEqual(seen("/held"), 0)
      const { status, waitsFor } = await ask<{ readonly status: string; readonly waitsFor: { readonly text: string } }>(
        "GET",
        `/v1/service-calls/${held.id}`
      )
      assert.strictEqual(status, "Scheduled")
      assert.match(waitsFor.text, /^paused by .+ since .+: prices are wrong$/u)
      const cancelled = await ask<{ readonly status: string }>("POST", `/v1/service-calls/${held.id}/cancel`)
      assert.strictEqual(cancelled.status, "Cancelled")

      const resumedAt = Date.now()
      await ask("POST", `/v1/pauses/${pause.id}/resume`, { releasePerSecond: 2 })
      await until(() => seen("/held") === 5)
      // The first at once, the other four half a second apart: the cancelled one is given a turn too, or not.
      assert.isAtLeast(Date.now() - resumedAt, 1_900)
      assert.strictEqual(await second.stop("SIGTERM"), 0, second.output())
    } finally {
      await target.close()
      await removeHome(home)
    }
  })
})
