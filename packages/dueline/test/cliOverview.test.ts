/** `dueline overview` against an API that answers from the document's example. */
import { walkedApi } from "@dueline/contracts/api/Api"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { OpenApi } from "effect/http-api"
import { runCli } from "./runCli.ts"

const { content } = OpenApi.fromApi(walkedApi).paths["/v1/overview"]?.get?.responses["200"] ?? {}
const { example } =
  (content as Readonly<Record<string, { readonly example?: object }>> | undefined)?.["application/json"] ?? {}

const program = () => {
  const asked: Array<string> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname, search } = new URL(new Request(input, init).url)
    asked.push(`${pathname}${search}`)
    return Response.json(example)
  }
  return { asked, fetch }
}

it.effect("overview shows states, what is late, what failed and where, and open circuits", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const { exitCode, stderr, stdout } = yield* runCli(["overview"], { fetch })
    assert.strictEqual(exitCode, 0, stderr)
    for (const part of [
      "402 Failed",
      "28 s late",
      "http_status",
      "circuit of",
      "1, the oldest of 2026-01-30",
      "211, the oldest of 2026-01-31"
    ])
      assert.include(stdout, part)
    yield* runCli(["overview", "--installation"], { fetch })
    const json = yield* runCli(["overview", "--json"], { fetch })
    assert.deepStrictEqual(JSON.parse(json.stdout), example)
    assert.deepStrictEqual(asked, ["/v1/overview", "/v1/overview?of=installation", "/v1/overview"])
  })
)
