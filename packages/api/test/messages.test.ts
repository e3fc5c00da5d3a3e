/** Every check that a request can fail says what is expected, in words. */
import { walkedApi } from "@dueline/contracts/api/Api"
import { BatchItem } from "@dueline/contracts/api/ServiceCallRequest"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { AccessClaims } from "@dueline/identity/AccessToken"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, Schema, SchemaIssue } from "effect"
import { TestClock } from "effect/testing"
import { HttpApi } from "effect/http-api"
import { makeReport } from "../src/server/DefectReporter.ts"

interface Check {
  readonly _tag: string
  readonly annotations?: Readonly<Record<string, unknown>>
  readonly checks?: ReadonlyArray<Check>
}

/** All checks of a schema, whatever it is made of. */
const checksIn = (root: unknown): ReadonlyArray<Check> => {
  const found: Array<Check> = []
  const seen = new Set<unknown>()
  const visit = (node: unknown): void => {
    if ((typeof node !== "object" && typeof node !== "function") || node === null || seen.has(node)) return
    seen.add(node)
    if ("ast" in node) visit(node.ast)
    if ("checks" in node && Array.isArray(node.checks)) found.push(...(node.checks as ReadonlyArray<Check>))
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) for (const each of value) visit(each)
      else visit(value)
    }
  }
  visit(root)
  return found.flatMap((check) => (check._tag === "FilterGroup" ? [check, ...(check.checks ?? [])] : [check]))
}

const bad = /RegExp|Schema validation failed|string matching|<filter>|code points/u

const said = (check: Check): string =>
  schemaWords(
    new SchemaIssue.Filter(
      check as unknown as SchemaIssue.Filter["filter"],
      new SchemaIssue.InvalidValue(undefined, undefined)
    )
  )
    .issues.map(({ message }) => message)
    .join(" ")

const schemas = (() => {
  const found: Array<readonly [name: string, schema: unknown]> = [
    ["an item of a batch", BatchItem.ast],
    ["the claims of a token", AccessClaims.ast]
  ]
  HttpApi.reflect(walkedApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, group }) => {
      const name = `${group.identifier}.${endpoint.identifier}`
      found.push([name, [endpoint.params, endpoint.query, endpoint.headers, ...endpoint.payload.values()]])
    }
  })
  return found
})()

describe("what a request is told", () => {
  // A check without words of its own gives them when it fails, which the corpora of bad input see.
  it.each(schemas)("about %s is in words", (_name, schema) => {
    for (const check of checksIn(schema).filter(({ annotations }) => annotations?.["expected"] !== undefined))
      assert.notMatch(said(check), bad)
  })

  it("is looked for in every operation that takes something", () => {
    const looked = schemas.filter(([, schema]) => checksIn(schema).length > 0)
    assert.isAtLeast(looked.length, 25)
  })

  it("is never how a check is made, also where nobody gave it words", () => {
    const wordless = Schema.String.check(Schema.isPattern(/^[a-f]{3}$/u), Schema.isMaxCodePoints(1))
    const words = Schema.decodeUnknownResult(wordless, { errors: "all" })("zzzzz")
    assert.strictEqual(words._tag, "Failure")
    if (words._tag === "Failure")
      for (const { message } of schemaWords(words.failure.issue).issues) assert.notMatch(message, bad)
  })
})

describe("a defect", () => {
  const logged = (use: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(JSON.stringify(message)))
      yield* use.pipe(Effect.provide(Logger.layer([logger])))
      return lines
    })

  it.effect("that every request meets is told once a minute, with how often it came", () =>
    Effect.gen(function* () {
      const report = makeReport()
      const meet = (id: number) => report("request failed", Cause.die(new Error(`row ${id} is not there`)))
      const lines = yield* logged(
        Effect.gen(function* () {
          for (let id = 0; id < 50; id++) yield* meet(id)
          yield* report("request failed", Cause.die(new Error("something else")))
          yield* TestClock.adjust("1 minute")
          yield* meet(99)
          yield* meet(100)
        })
      )
      assert.strictEqual(lines.length, 3)
      assert.include(lines[2], '"untoldOfThisKind":49')
    })
  )

  it.effect("of ever new kinds does not fill the memory or the log", () =>
    Effect.gen(function* () {
      const report = makeReport()
      const words = Array.from({ length: 300 }, (_, i) => `kind ${String.fromCodePoint(0x4e00 + i)}`)
      const lines = yield* logged(
        Effect.forEach(words, (word) => report("request failed", Cause.die(new Error(word))), { discard: true })
      )
      assert.strictEqual(lines.length, 101)
    })
  )
})
