/** Calls of one flow in two whole programs over one database, one of which is killed. */
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { eventually, newInstallation } from "./SplitInstallation.ts"
import { startTarget } from "./Target.ts"

const absent = (await missing("nats")) || (await missing("postgres"))
const all = "api,orchestrator,timer,dispatcher,executor"

describe.skipIf(absent)("a flow", () => {
  it("is never exceeded by two processes, goes by due time, and frees the places of one that is killed", {
    timeout: 180_000,
    tags: ["ADR-0042.4", "ADR-0042.5"]
  }, async () => {
    const installation = await newInstallation()
    let running = 0
    let most = 0
    /** Answers that wait until what is looked at has been seen, however slow the machine is; null when nothing is held any more. */
    let held: Array<() => void> | null = []
    const release = () => {
      for (const answer of held ?? []) answer()
      held = null
    }
    const target = await startTarget(({ path }, response) => {
      if (!path.startsWith("/flow")) return void response.end()
      running += 1
      most = Math.max(most, running)
      // A process that is killed lets go of its connection.
      response.once("close", () => (running -= 1))
      const answer = () => void response.end("ok")
      if (path === "/flow/held" && held !== null) held.push(answer)
      else setTimeout(answer, 150)
    })
    try {
      const programs = [await installation.start(all), await installation.start(all)] as const
      await installation.command("tenant", "create", "demo", "--if-absent")
      const token = (await installation.command("token", "--tenant", "demo")).stdout.trim()
      const ask = async <A>(by: 0 | 1, method: string, path: string, body?: object): Promise<A> => {
        const response = await fetch(`${programs[by].address}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        })
        const text = await response.text()
        assert.isTrue(response.ok, text)
        return JSON.parse(text) as A
      }
      const flow = { key: "stripe", concurrency: 3 }
      const submit = (by: 0 | 1, path: string, more: object = { flow }) =>
        ask<{ readonly id: string }>(by, "POST", "/v1/service-calls", {
          delay: 0,
          request: { method: "POST", url: `${target.url}${path}` },
          ...more
        })
      const arrived = (path: string) => target.seen.filter((seen) => seen.path.startsWith(path))

      for (let n = 0; n < 24; n += 1) await submit(n % 2 === 0 ? 0 : 1, `/flow/${n}`)
      await submit(0, "/free", {})
      await eventually(() => arrived("/free").length === 1 && arrived("/flow/").length === 24)
      assert.isAtMost(most, 3)
      const order = arrived("/flow/").map(({ path }) => Number(path.slice(6)))
      for (const [at, n] of order.entries()) assert.isAtMost(Math.abs(at - n), 6, `out of order: ${order.join()}`)

      // All places are held; those of the process that is killed come free when its leases have ended.
      for (let n = 0; n < 6; n += 1) await submit(n % 2 === 0 ? 0 : 1, "/flow/held")
      await eventually(() => arrived("/flow/held").length === 3)
      const last = await submit(0, "/flow/last")
      const { waitsFor } = await ask<{ readonly waitsFor: { readonly text: string } | null }>(
        0,
        "GET",
        `/v1/service-calls/${last.id}`
      )
      assert.strictEqual(waitsFor?.text, "waits for flow stripe: 3 of 3")
      await programs[1].stop("SIGKILL")
      release()
      await eventually(() => arrived("/flow/last").length === 1)
      assert.isAtMost(most, 3)
      await eventually(
        async () =>
          (await ask<{ readonly status: string }>(0, "GET", `/v1/service-calls/${last.id}`)).status === "Succeeded"
      )
    } finally {
      release()
      await installation.close()
      await target.close()
    }
  })
})
