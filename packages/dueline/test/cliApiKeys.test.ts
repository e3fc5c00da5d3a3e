import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const id = "3c1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13"
const key = {
  id,
  name: "web-shop",
  workspace: "shop",
  scopes: ["ops:events.write"],
  prefix: "dlk_1pG4kT0OaYbXw3mC7cRl9x",
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  expiresAt: null,
  version: 1,
  links: { self: `/v1/api-keys/${id}` }
}

/** Answers as the program does, and keeps what came. */
const program = () =>
  answering(({ method }) => {
    const headers = { etag: '"1"', location: key.links.self }
    if (method === "GET")
      return Response.json({
        items: [{ ...key, lastUsedAt: "2026-02-01T10:00:00.000Z", correlationId: "0abc" }],
        nextCursor: null
      })
    if (method === "DELETE") return Response.json({ ...key, status: "Revoked", version: 2 }, { headers })
    return Response.json({ ...key, key: "dlk_shown-once" }, { status: 201, headers })
  })

it.effect("api-key create prints the key once, list shows none, and revoke names what it ended", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const args = ["api-key", "create", "web-shop", "--scope", "ops:events.write", "--workspace", "shop"]
    const made = yield* runCli([...args, "--expires-in", "90d"], { fetch })
    assert.strictEqual(made.exitCode, 0, made.stderr)
    assert.include(made.stdout, "dlk_shown-once")
    const listed = yield* runCli(["api-key", "list"], { fetch })
    assert.match(listed.stdout, /web-shop +shop +Active +2026-02-01T10:00:00.000Z +never/u)
    assert.notInclude(listed.stdout, "dlk_")
    const gone = yield* runCli(["api-key", "revoke", id.toUpperCase()], { fetch })
    assert.match(gone.stdout, /Revoked/u)
    assert.deepStrictEqual(asked, [
      {
        method: "POST",
        path: "/v1/api-keys",
        body: { name: "web-shop", scopes: ["ops:events.write"], expiresIn: "90d", workspace: "shop" }
      },
      { method: "GET", path: "/v1/api-keys?limit=50", body: undefined },
      { method: "DELETE", path: `/v1/api-keys/${id}`, body: undefined }
    ])
  })
)

it.effect("a name, a workspace or an id that is none is told before anything is sent", () =>
  Effect.gen(function* () {
    for (const args of [
      ["create", "Web Shop", "--scope", "ops:events.write"],
      ["create", "web-shop"],
      ["create", "web-shop", "--scope", "ops:events.write", "--workspace", "A"],
      ["revoke", "web-shop"]
    ]) {
      const { exitCode, stdout } = yield* runCli(["api-key", ...args])
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
    }
  })
)
