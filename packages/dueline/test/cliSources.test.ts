import { assert, it } from "@effect/vitest"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { checkSignature, signingKey } from "@dueline/secrets/requestSignature"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const id = "7d2a4c81-5b0e-8e93-a1f6-3c9d0e7b2a54"
const source = {
  id,
  name: "north",
  scheme: schemePresets.github,
  toleranceMs: 300_000,
  status: "Active",
  secrets: [],
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/courier-sources/${id}`, events: `/v1/events/courier/${id}` }
}

/** Answers as the program does, and keeps what came. */
const program = () =>
  answering(({ method, pathname }) => {
    const headers = { etag: '"1"', location: source.links.self }
    if (method === "GET") return Response.json({ items: [{ ...source, correlationId: "0abc" }], nextCursor: null })
    const made = pathname.endsWith("/secret") ? 200 : 201
    return Response.json({ ...source, secret: "a secret that is shown once" }, { status: made, headers })
  })

it.effect("source create sends the scheme and the courier's own secret, and prints the secret once", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const args = ["source", "create", "north", "--scheme", "github", "--secret", "-", "--tolerance", "1m"]
    const { exitCode, stderr, stdout } = yield* runCli(args, { fetch, stdin: "a secret of the courier's own\n" })
    assert.strictEqual(exitCode, 0, stderr)
    assert.include(stdout, "a secret that is shown once")
    assert.deepStrictEqual(asked, [
      {
        method: "POST",
        path: "/ops/courier-sources",
        body: {
          name: "north",
          scheme: schemePresets.github,
          toleranceMs: 60_000,
          secret: "a secret of the courier's own"
        }
      }
    ])
  })
)

it.effect("source list shows no secret, and rotate finds a source by its name", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const listed = yield* runCli(["source", "list"], { fetch })
    assert.match(listed.stdout, /north +Active +0 +\/v1\/events\/courier\//u)
    const rotated = yield* runCli(["source", "rotate", "north", "--overlap", "2h", "--json"], { fetch })
    assert.strictEqual(JSON.parse(rotated.stdout).secret, "a secret that is shown once")
    assert.deepStrictEqual(asked.slice(1), [
      { method: "GET", path: "/ops/courier-sources?name=north", body: undefined },
      { method: "POST", path: `/ops/courier-sources/${id}/secret`, body: { overlap: "2h" } }
    ])
  })
)

it.effect("event sign prints headers that the program accepts, and touches no network", () =>
  Effect.gen(function* () {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    const args = ["event", "sign", "--scheme", "standard-webhooks", "--secret", secret, "--body", "{}", "--json"]
    const { stdout } = yield* runCli(args)
    const headers = Object.entries(JSON.parse(stdout) as Readonly<Record<string, string>>)
    const scheme = schemePresets["standard-webhooks"]
    const options = { scheme, keys: [signingKey(scheme, secret)], toleranceMs: 1_000, now: 0 }
    // A test's clock stands at the epoch, and 0 is no timestamp.
    assert.deepStrictEqual(checkSignature(options, { headers, body: new Uint8Array(Buffer.from("{}")) }), {
      accepted: false,
      problem: "timestamp_malformed"
    })
    const lines = yield* runCli(["event", "sign", "--scheme", "github", "--secret", "Jefe", "--body", "{}"])
    assert.match(lines.stdout, /^x-github-delivery: \S+\nx-hub-signature-256: sha256=[0-9a-f]{64}$/u)
  })
)

it.effect("a scheme that there is not, and a secret of another form, are told before anything is sent", () =>
  Effect.gen(function* () {
    const unknown = yield* runCli(["source", "create", "north", "--scheme", "morse"])
    assert.deepStrictEqual([unknown.exitCode, unknown.stdout], [2, ""])
    assert.include(unknown.stderr, "standard-webhooks")
    const other = yield* runCli(["event", "sign", "--scheme", "standard-webhooks", "--secret", "x", "--body", "{}"])
    assert.deepStrictEqual([other.exitCode, other.stdout], [2, ""])
  })
)
