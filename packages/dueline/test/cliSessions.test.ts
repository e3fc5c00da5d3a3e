import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "./runCli.ts"

const id = "019c0de0-0e01-7000-8000-00000000e001"
const session = {
  id,
  subject: "ann",
  status: "Live",
  tenants: ["5f0b7a34-1c9d-8e27-b3a6-2d4c6e8f0a12"],
  roles: ["admin"],
  way: "link",
  holder: "browser",
  current: false,
  createdAt: "2026-01-31T09:00:00.000Z",
  usedAt: "2026-01-31T09:40:00.000Z",
  expiresAt: "2026-03-02T09:00:00.000Z",
  endedAt: null,
  endedBy: null,
  links: { self: `/v1/sessions/${id}` }
}

it.effect("session list shows who signed in and how, and end names whose session it ended", () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init)
      const { pathname, search } = new URL(request.url)
      asked.push(`${request.method} ${pathname}${search}`)
      return request.method === "GET"
        ? Response.json({ items: [session], nextCursor: null })
        : Response.json({ ...session, status: "Over", endedAt: session.usedAt, endedBy: "ended" })
    }
    const listed = yield* runCli(["session", "list", "--limit", "5"], { fetch })
    assert.strictEqual(listed.exitCode, 0, listed.stderr)
    assert.match(listed.stdout, /ann +Live +link +browser/u)
    const json = yield* runCli(["session", "list", "--json"], { fetch })
    assert.deepStrictEqual(JSON.parse(json.stdout), { items: [session], nextCursor: null })
    const ended = yield* runCli(["session", "end", id.toUpperCase()], { fetch })
    assert.match(ended.stdout, /ann +over/u)
    assert.deepStrictEqual(asked, [
      "GET /v1/sessions?limit=5",
      "GET /v1/sessions?limit=50",
      `DELETE /v1/sessions/${id}`
    ])
    const wrong = yield* runCli(["session", "end", "x"], { fetch })
    assert.strictEqual(wrong.exitCode, 2)
  })
)

it.effect("console makes no home and no database, and says what is missing", () =>
  Effect.gen(function* () {
    const link = yield* runCli(["console"], { env: { DUELINE_HOME: "/nonexistent/dueline" } })
    assert.strictEqual(link.exitCode, 1)
    assert.include(link.stderr, "there is no database in /nonexistent/dueline")
    const role = yield* runCli(["console", "--role", "king"], { env: { DUELINE_HOME: "/nonexistent/dueline" } })
    assert.notStrictEqual(role.exitCode, 0)
  })
)
