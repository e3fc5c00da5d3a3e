import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "./runCli.ts"

const id = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13"
const paused = {
  id,
  of: "target",
  key: "api.example.com",
  reason: "they are moving",
  pausedBy: "operator",
  status: "Active",
  resumedAt: null,
  resumedBy: null,
  releasePerSecond: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/pauses/${id}` }
}
const resumed = {
  ...paused,
  status: "Resumed",
  resumedAt: "2026-02-01T10:00:00.000Z",
  resumedBy: "operator",
  releasePerSecond: 20,
  version: 2
}

/** Answers as the program does, and keeps what came. */
const program = () => {
  const asked: Array<{ readonly method: string; readonly path: string; readonly body: unknown }> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname, search } = new URL(request.url)
    const text = await request.text()
    asked.push({ method: request.method, path: pathname + search, body: text === "" ? undefined : JSON.parse(text) })
    const headers = { etag: '"1"', location: paused.links.self }
    if (request.method === "GET")
      return Response.json({ items: [{ ...paused, correlationId: "0abc" }], nextCursor: null })
    if (pathname.endsWith("/resume")) return Response.json(resumed, { headers })
    return Response.json(paused, { status: 201, headers })
  }
  return { asked, fetch }
}

it.effect("pause create, list and resume say what waits, since when and why", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const args = ["pause", "create", "target", "https://api.example.com", "--reason", "they are moving"]
    const made = yield* runCli(args, { fetch })
    assert.strictEqual(made.exitCode, 0, made.stderr)
    assert.match(made.stdout, /target api\.example\.com/u)
    const listed = yield* runCli(["pause", "list", "--status", "Active"], { fetch })
    assert.match(
      listed.stdout,
      /Active +target api\.example\.com +2026-01-31T09:00:00.000Z +operator +they are moving/u
    )
    const over = yield* runCli(["pause", "resume", id.toUpperCase(), "--release", "20"], { fetch })
    assert.match(over.stdout, /20 a second/u)
    assert.deepStrictEqual(asked, [
      {
        method: "POST",
        path: "/v1/pauses",
        body: { of: "target", key: "https://api.example.com", reason: "they are moving" }
      },
      { method: "GET", path: "/v1/pauses?limit=50&status=Active", body: undefined },
      { method: "POST", path: `/v1/pauses/${id}/resume`, body: { releasePerSecond: 20 } }
    ])
  })
)

it.effect("what cannot be paused or resumed is told before anything is sent", () =>
  Effect.gen(function* () {
    for (const args of [
      ["create", "queue", "a", "--reason", "r"],
      ["create", "tag", "a"],
      ["resume", "tag"],
      ["resume", id, "--release", "0"]
    ]) {
      const { exitCode, stdout } = yield* runCli(["pause", ...args])
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
    }
  })
)
