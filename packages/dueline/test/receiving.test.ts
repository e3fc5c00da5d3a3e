/** What receivers are given: the verifier against what the program signs, the memory against a plain model, and the samples of docs/receiving.md. */
import { assert, describe, it } from "@effect/vitest"
import { memoryOf, type Memory, once, receivedTable, sqlMemory } from "@dueline/client/receive"
import { type Received, verify } from "@dueline/client/verify"
import { signAttempt, signWebhook } from "@dueline/execution/attempts/signature"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { Effect, Redacted, Schema } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const other = "whsec_b3RoZXIgc2VjcmV0IG9mIHNvbWVib2R5"
const now = 1_614_265_330_000
const body = '{"test":"ž"}'

const signed = (changes: Readonly<Record<string, string>> = {}) => {
  const timestamp = now / 1_000
  const attempt = { callId: "call-1", epoch: 3, attempt: 2, timestamp, body }
  return {
    "webhook-id": "message-1",
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signWebhook(Redacted.make(secret), { id: "message-1", timestamp, body }),
    "dueline-call-id": "call-1",
    "dueline-epoch": "3",
    "dueline-attempt": "2",
    "dueline-signature": signAttempt(Redacted.make(secret), attempt),
    ...changes
  }
}

const verdict = async (options: Partial<Parameters<typeof verify>[0]>) => {
  const checked = await verify({ headers: signed(), body, secrets: [secret], now, ...options })
  return checked.valid ? `${checked.received.id} ${checked.received.callId} ${checked.received.epoch}` : checked.reason
}

describe("a receiver's verifier", () => {
  it("believes what the program signed, and nothing in which anything is changed", async () => {
    const genuine = "message-1 call-1 3"
    assert.strictEqual(await verdict({}), genuine)
    assert.strictEqual(await verdict({ body: new TextEncoder().encode(body), headers: new Headers(signed()) }), genuine)
    assert.strictEqual(await verdict({ secrets: [other, secret] }), genuine)
    const [, ...without] = [signed(), signed()].map(({ "dueline-signature": _own, ...headers }) => headers)
    assert.strictEqual(await verdict({ headers: without[0] ?? {} }), "message-1 null 0")
    for (const [options, reason] of [
      [{ secrets: [other] }, "no_match"],
      [{ secrets: ["not base64!"] }, "no_match"],
      [{ body: `${body} ` }, "no_match"],
      [{ headers: signed({ "webhook-id": "message-2" }) }, "no_match"],
      [{ headers: signed({ "dueline-epoch": "4" }) }, "no_match"],
      [{ headers: signed({ "dueline-call-id": "call-2" }) }, "no_match"],
      [{ headers: signed({ "webhook-signature": "v1,???" }) }, "no_match"],
      [{ headers: signed({ "webhook-timestamp": "now" }) }, "header_malformed"],
      [{ headers: signed({ "dueline-epoch": "many" }) }, "header_malformed"],
      [{ headers: {} }, "header_missing"],
      [{ now: now + 301_000 }, "too_old"],
      [{ now: now - 301_000 }, "too_new"]
    ] as const) {
      assert.strictEqual(await verdict(options), reason, JSON.stringify(options))
    }
  })
})

const Step = Schema.Struct({
  id: Schema.Literals(["a", "b"]),
  callId: Schema.Literals(["c1", "c1", "c2"]),
  epoch: Schema.Literals([1, 2, 3]),
  after: Schema.Literals(["works", "fails", "goes on", "goes on"])
})

/** Of each id at most one is at work at any time, a later one takes over, and nothing is claimed after it was done. */
const expected = (steps: ReadonlyArray<typeof Step.Type>): ReadonlyArray<string> => {
  const state = new Map<string, { callId: string; epoch: number; isDone: boolean }>()
  return steps.map(({ callId, epoch, id, after }) => {
    const kept = state.get(id)
    if (kept?.isDone === true) return "done"
    if (kept !== undefined && kept.callId === callId && kept.epoch >= epoch) return "elsewhere"
    state.set(id, { callId, epoch, isDone: after === "works" })
    if (after === "fails") state.delete(id)
    return "mine"
  })
}

const played = async (memory: Memory, run: string, steps: ReadonlyArray<typeof Step.Type>) => {
  const told: Array<string> = []
  for (const { callId, epoch, id, after } of steps) {
    const received: Received = { id: `${run}${id}`, callId, epoch, sentAt: new Date(0) }
    const claim = await memory.claim(received)
    told.push(claim)
    if (claim === "mine" && after !== "goes on") await memory.settle(received, after === "works")
  }
  return told
}

describe("a receiver's memory", () => {
  it.effect.prop("lets each message be done once, in memory as its model says", [Schema.Array(Step)], ([steps]) =>
    Effect.promise(async () => assert.deepStrictEqual(await played(memoryOf(), "", steps), expected(steps)))
  )

  it("forgets what failed, so that it may be done again, and answers what to answer", async () => {
    const memory = memoryOf()
    const received: Received = { id: "m", callId: "c", epoch: 1, sentAt: new Date(0) }
    const failing = once(memory, received, () => Promise.reject(new Error("no")))
    assert.deepStrictEqual(await once(memory, received, async () => {}), { status: 409 })
    await failing.then(
      () => assert.fail("it did not fail"),
      () => {}
    )
    assert.deepStrictEqual(await once(memory, received, async () => {}), { status: 200, now: true })
    assert.deepStrictEqual(await once(memory, received, async () => {}), { status: 200, now: false })
  })
})

it.layer(TestDatabase.layer, { excludeTestServices: true })("a receiver's memory in SQL", (it) => {
  it.effect("does as the model says", () =>
    TestDatabase.session((sql) =>
      Effect.gen(function* () {
        yield* sql.unsafe(receivedTable)
        const context = yield* Effect.context<never>()
        const memory = sqlMemory((statement, parameters) =>
          Effect.runPromiseWith(context)(Effect.map(sql.unsafe(statement, [...parameters]), (rows) => ({ rows })))
        )
        const steps = (["works", "fails", "goes on"] as const).flatMap((after) =>
          [1, 3, 2, 1].flatMap((epoch) =>
            (["c1", "c2"] as const).map((callId) => ({ id: "a" as const, callId, epoch: epoch as 1 | 2 | 3, after }))
          )
        )
        for (let from = 0; from < steps.length; from += 1) {
          const some = [...steps.slice(from), ...steps.slice(0, from)].slice(0, 8)
          const told = yield* Effect.promise(() => played(memory, `${from}-`, some))
          assert.deepStrictEqual(told, expected(some), JSON.stringify(some))
        }
      })
    )
  )
})

const documents = readFileSync(join(import.meta.dirname, "../../../docs/receiving.md"), "utf8")
const sampleIn = (language: string) =>
  new RegExp(`\n\`\`\`${language}\n([^]*?)\n\`\`\`\n`, "u").exec(documents)?.[1] ?? ""

const hasPython = spawnSync("python3", ["--version"]).status === 0

describe("the samples of docs/receiving.md", () => {
  const cases = [
    { headers: signed(), body, secrets: [other, secret], expected: "message-1" },
    { headers: signed(), body: `${body} `, secrets: [secret], expected: "" },
    { headers: signed(), body, secrets: [other], expected: "" },
    { headers: signed({ "webhook-timestamp": String(now / 1_000 - 301) }), body, secrets: [secret], expected: "" }
  ]

  it.runIf(hasPython)("the one in Python believes what is genuine, and nothing else", () => {
    const main = `
import json, sys
for case in json.load(sys.stdin):
    print(verify(case["headers"], case["body"].encode(), case["secrets"], now=${now / 1_000}) or "")
`
    const ran = spawnSync("python3", ["-c", sampleIn("python") + main], { input: JSON.stringify(cases) })
    assert.deepStrictEqual(
      ran.stdout.toString().split("\n").slice(0, -1),
      cases.map(({ expected }) => expected),
      String(ran.stderr)
    )
  })

  it("the one for Node says what the packages do", () => {
    const sample = sampleIn("ts")
    assert.include(sample, "await verify({ headers: request.headers, body, secrets })")
    assert.include(sample, "await once(memory, checked.received")
  })
})
