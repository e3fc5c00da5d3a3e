import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeEgressGuard } from "../src/egress/EgressGuard.ts"
import { summariseResponse } from "../src/redaction/summarise.ts"
import { make } from "../src/egress/UndiciHttpClient.ts"
import { type AnswerCase, cases, type Expected, maxResponseBytes } from "./answers.corpus.ts"
import { listen, play } from "./rawTarget.ts"

const guard = makeEgressGuard(["127.0.0.1"])

/** Cases that end by it wait this long. */
const timeoutMs = 150

const request = (port: number, method: HttpMethod, allowed: number) => ({
  method,
  url: `http://127.0.0.1:${port}/`,
  headers: {},
  body: method === "POST" ? "x".repeat(1_000) : null,
  timeoutMs: allowed,
  maxResponseBytes,
  wanted: () => true
})

const judge = (result: OutgoingResult, expected: Expected): void => {
  if ("reason" in expected) {
    if (result._tag === "Answered") return assert.fail(`answered ${result.status}`)
    assert.strictEqual(result.reason, expected.reason, result.detail)
    assert.match(result.detail, expected.says)
    return
  }
  if (result._tag !== "Answered") return assert.fail(`${result.reason}: ${result.detail}`)
  assert.strictEqual(result.status, expected.status)
  assert.strictEqual(result.truncated, expected.truncated ?? false)
  if (expected.body !== undefined) assert.strictEqual(Buffer.from(result.body).toString("latin1"), expected.body)
  if (expected.snippet === undefined) return
  assert.strictEqual(summariseResponse(result)?.bodySnippet ?? null, expected.snippet)
}

/** Codes and defects are for programs: what is shown is a sentence. */
const inWords = (result: OutgoingResult): void => {
  if (result._tag === "Answered") return
  assert.match(result.detail, /^[a-z][\w -]+ [\w -]+/)
  assert.notMatch(result.detail, /unknown|undefined|UND_ERR|HPE_|ERR_ASSERTION|\[object/)
}

/** The case's answer to the first request, a good one to all others. */
const meet = ({ answer, early, expected, method = "GET" }: AnswerCase) =>
  Effect.gen(function* () {
    let connections = 0
    const target = yield* listen(
      (socket) => {
        if (connections++ === 0 && early === true) play(socket, answer)
      },
      (socket, number) => {
        if (number > 0) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
        else if (early !== true) play(socket, answer)
      }
    )
    const client = yield* make({ guard })
    const ends = "reason" in expected && expected.reason === "timeout"
    const result = yield* client.send(request(target.port, method, ends ? timeoutMs : 20_000))
    judge(result, expected)
    inWords(result)
    // One that was answered before it was read arrives all the same.
    while (target.requests() === 0) yield* Effect.sleep(1)
    assert.strictEqual(target.requests(), 1)
    // A connection that the target closes is gone before it is wanted again.
    const remaining = answer.includes("end") || answer.includes("reset") ? target.open : new Set()
    while (remaining.size > 0) yield* Effect.sleep(1)
    const next = yield* client.send(request(target.port, "GET", 20_000))
    judge(next, { status: 200, body: "good" })
    assert.strictEqual(target.requests(), 2)
  }).pipe(Effect.scoped)

describe("whatever a target sends, one request has one result in words, and the next request is none the worse", {
  tags: ["ADR-0024.4"]
}, () => {
  it("the corpus has at least 80 cases, each with a name of its own", () => {
    assert.isAtLeast(cases.length, 80)
    assert.strictEqual(new Set(cases.map(({ name }) => name)).size, cases.length)
  })

  for (const one of cases) it.live(one.name, () => meet(one))
})
