/** `dueline subscription …` against an API that answers from the document's examples. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const id = "5e3d9a70-1c4b-8f26-9d07-2b8e6c1f4a95"
const subscription = {
  id,
  name: "warehouse",
  url: "https://example.com/hooks",
  topics: ["ops.bin.>"],
  filter: null,
  flow: null,
  status: "Disabled",
  pausedReason: null,
  disabledReason: "failing",
  secrets: [],
  failingSince: "2026-01-31T09:00:00.000Z",
  lastFailure: "HTTP 503",
  redelivery: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/subscriptions/${id}`, calls: "/v1/service-calls" }
}

const program = () =>
  answering(({ method, pathname }) => {
    const headers = { etag: '"1"', location: subscription.links.self }
    const view = { ...subscription, correlationId: "0abc" }
    if (method === "GET") {
      return pathname.endsWith("/subscriptions")
        ? Response.json({ items: [view], nextCursor: null })
        : Response.json(view, { headers })
    }
    const isIssued = pathname.endsWith("/subscriptions") || pathname.endsWith("/secrets")
    const status = pathname.endsWith("/subscriptions") ? 201 : pathname.endsWith("/redeliver") ? 202 : 200
    return Response.json(isIssued ? { ...subscription, secret: "whsec_shown" } : subscription, { status, headers })
  })

it.effect("subscription create shows the secret; list, show and changes ask for what they say", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const run = (...args: ReadonlyArray<string>) => runCli(["subscription", ...args], { fetch })
    const created = yield* run(
      "create",
      "--url",
      "https://example.com/hooks",
      "--topic",
      "ops.bin.>",
      "--filter",
      "true"
    )
    assert.strictEqual(created.exitCode, 0, created.stderr)
    assert.include(created.stdout, "whsec_shown")
    assert.deepStrictEqual(asked.at(-1)?.body, {
      url: "https://example.com/hooks",
      topics: ["ops.bin.>"],
      filter: "true"
    })
    assert.include((yield* run("list")).stdout, "Disabled: failing")
    assert.include((yield* run("show", id)).stdout, "since 2026-01-31T09:00:00.000Z: HTTP 503")
    for (const [args, path] of [
      [["update", id, "--topic", "ops.bin.created"], ""],
      [["rotate", id, "--overlap", "1h"], "/secrets"],
      [["pause", id, "--reason", "a move"], "/pause"],
      [["enable", id], "/enable"],
      [["test", id], "/test"],
      [["redeliver", id, "--from", "2026-01-31T09:00:00Z"], "/redeliver"],
      [["delete", id], ""]
    ] as const) {
      const ran = yield* run(...args)
      assert.strictEqual(ran.exitCode, 0, ran.stderr)
      assert.strictEqual(asked.at(-1)?.path, `/v1/subscriptions/${id}${path}`)
    }
  })
)
