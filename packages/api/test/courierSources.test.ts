/** Courier sources over the edge: made, read, rotated and disabled, and their secrets shown once. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const sources = "/ops/courier-sources"
const nobodys = `${sources}/00000000-0000-4000-8000-000000000000`
const github = (name: string, more: object = {}) => ({ name, scheme: "github", ...more })

layer(edge, { excludeTestServices: true })("courier sources", (it) => {
  it.effect("a source is created with a secret of ours, read without it, and listed by its name", () =>
    Effect.gen(function* () {
      const created = yield* call("POST", sources, { name: "north-express", scheme: "standard-webhooks" })
      const source = made<{ readonly secret: string }>(created)
      assert.match(source.secret, /^whsec_[A-Za-z0-9+/]{43}=$/u)
      assert.deepInclude(created.json, { status: "Active", toleranceMs: 300_000, version: 1 })
      const path = created.headers["location"] ?? ""
      assert.strictEqual(path, `${sources}/${source.id}`)
      const read = yield* call("GET", path)
      assert.deepInclude(read.json, { name: "north-express", version: 1 })
      assert.notProperty(read.json, "secret")
      const listed = yield* call("GET", `${sources}?name=north-express`)
      assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 1)
      assert.deepStrictEqual(codeOf(yield* call("GET", nobodys)), [404, "courier_source_not_found"])
    })
  )

  it.effect(
    "a secret is shown once: in the answer to the request that made it, and in no repeat, row, event or message",
    () =>
      Effect.gen(function* () {
        const given = "a secret of the courier's own"
        const key = { "idempotency-key": "courier-once" }
        const body = github("once", { secret: given })
        const first = yield* call("POST", sources, body, key)
        assert.strictEqual(first.json["secret"], given)
        const again = yield* call("POST", sources, body, key)
        assert.deepStrictEqual([again.status, again.json["id"], again.json["secret"]], [201, first.json["id"], null])
        const made = yield* call("POST", sources, github("once-more"))
        const rotation = { "idempotency-key": "rotate-once" }
        const path = `${sources}/${String(made.json["id"])}/secret`
        const rotated = yield* call("POST", path, { overlap: "1h" }, rotation)
        const repeated = yield* call("POST", path, { overlap: "1h" }, rotation)
        assert.isString(rotated.json["secret"])
        assert.deepStrictEqual({ ...repeated.json, secret: rotated.json["secret"] }, rotated.json)
        assert.isNull(repeated.json["secret"])
        const { store } = yield* Edge
        const stored = JSON.stringify(store.dump())
        for (const secret of [given, made.json["secret"], rotated.json["secret"]]) {
          assert.notInclude(stored, String(secret))
        }
      }),
    { tags: ["ADR-0030.2"] }
  )

  it.effect("rotating keeps the secret before for as long as it is told, a day when it is not", () =>
    Effect.gen(function* () {
      const source = made(yield* call("POST", sources, github("rotating")))
      const rotated = yield* call("POST", `${sources}/${source.id}/secret`)
      assert.strictEqual(rotated.status, 200, rotated.body)
      const [now, before] = rotated.json["secrets"] as ReadonlyArray<Readonly<Record<string, string | null>>>
      assert.isNull(now?.["validUntil"])
      const [from, until] = [Date.parse(String(now?.["createdAt"])), Date.parse(String(before?.["validUntil"]))]
      assert.strictEqual(until - from, 86_400_000)
      const at = yield* call("POST", `${sources}/${source.id}/secret`, { overlap: "0s" }, { "if-match": '"2"' })
      assert.lengthOf(at.json["secrets"] as ReadonlyArray<unknown>, 1)
      const stale = yield* call("POST", `${sources}/${source.id}/secret`, {}, { "if-match": '"2"' })
      assert.deepStrictEqual(codeOf(stale), [412, "version_mismatch"])
      assert.deepStrictEqual(codeOf(yield* call("POST", `${nobodys}/secret`)), [404, "courier_source_not_found"])
    })
  )

  it.effect("a source that is disabled keeps its name and has no secret any more", () =>
    Effect.gen(function* () {
      const source = made(yield* call("POST", sources, github("disabled")))
      for (const _ of ["once", "twice"]) {
        const gone = yield* call("DELETE", `${sources}/${source.id}`)
        assert.deepInclude(gone.json, { status: "Disabled", secrets: [], version: 2 })
      }
      assert.deepStrictEqual(codeOf(yield* call("POST", `${sources}/${source.id}/secret`)), [409, "source_disabled"])
      assert.deepStrictEqual(codeOf(yield* call("POST", sources, github("disabled"))), [409, "source_name_taken"])
    })
  )

  it.effect("what is no name, no scheme or no secret of the scheme is told by its place, and never repeated", () =>
    Effect.gen(function* () {
      const refused = [
        [github("North"), "body.name"],
        [{ name: "a", scheme: "unknown" }, "body.scheme"],
        [github("a", { secret: "too short" }), "body.secret"],
        [{ name: "a", scheme: "standard-webhooks", secret: "not of the form that it asks for" }, "body.secret"],
        [github("a", { toleranceMs: 1 }), "body.toleranceMs"]
      ] as const
      for (const [body, path] of refused) {
        const answer = yield* call("POST", sources, body)
        assert.strictEqual(answer.status, 422, answer.body)
        assert.include(answer.body, path)
        assert.notInclude(answer.body, "not of the form")
      }
    })
  )
})
