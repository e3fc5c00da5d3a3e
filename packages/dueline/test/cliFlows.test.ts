import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "./runCli.ts"

const id = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7ff107"
const stripe = {
  id,
  key: "stripe",
  concurrency: 5,
  ratePerSecond: null,
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/flows/${id}` }
}
const shown = { ...stripe, running: 5, waiting: 12, text: "running 5 of 5, waiting 12", correlationId: "0abc" }

it.effect("flow define, list, show and remove go by the key", () =>
  Effect.gen(function* () {
    const asked: Array<readonly [method: string, path: string, body: unknown]> = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init)
      const { pathname, search } = new URL(request.url)
      const text = await request.text()
      asked.push([request.method, pathname + search, text === "" ? undefined : JSON.parse(text)])
      const headers = { etag: '"1"', location: stripe.links.self }
      if (request.method === "GET") return Response.json({ items: [shown], nextCursor: null })
      if (request.method === "DELETE") return Response.json({ ...stripe, status: "Removed", version: 2 }, { headers })
      return Response.json(stripe, { status: 201, headers })
    }
    const made = yield* runCli(["flow", "define", "stripe", "--concurrency", "5", "--rate", "0.5"], { fetch })
    assert.strictEqual(made.exitCode, 0, made.stderr)
    assert.match(
      (yield* runCli(["flow", "list"], { fetch })).stdout,
      /stripe +Active +5 +- +running 5 of 5, waiting 12/u
    )
    assert.match((yield* runCli(["flow", "show", "stripe"], { fetch })).stdout, /running 5 of 5, waiting 12/u)
    assert.match((yield* runCli(["flow", "remove", "stripe"], { fetch })).stdout, /Removed/u)
    assert.deepStrictEqual(asked, [
      ["POST", "/v1/flows", { key: "stripe", concurrency: 5, ratePerSecond: 0.5 }],
      ["GET", "/v1/flows?limit=50", undefined],
      ["GET", "/v1/flows?limit=1&key=stripe", undefined],
      ["GET", "/v1/flows?limit=1&key=stripe", undefined],
      ["DELETE", `/v1/flows/${id}`, undefined]
    ])
    for (const args of [["define", "a b"], ["define", "a", "--rate", "0"], ["show"]]) {
      const { exitCode, stdout } = yield* runCli(["flow", ...args])
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
    }
  })
)
