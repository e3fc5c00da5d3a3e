import { TenantId } from "@dueline/contracts/Ids"
import { assert, describe, it, layer as withLayer } from "@effect/vitest"
import { Effect } from "effect"
import { RequestTurns } from "../src/server/RequestPlaces.ts"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { Edge, layer } from "./Edge.ts"

const a = TenantId.make("11111111-1111-4111-8111-111111111111")
const b = TenantId.make("22222222-2222-4222-8222-222222222222")

/** Turns of an event loop that is run by hand. */
const world = () => {
  const done: Array<string> = []
  const immediates: Array<() => void> = []
  const byTurns = new RequestTurns((act) => immediates.push(act))
  const turns = {
    push: (tenantId: TenantId, bytes: number, entry: string) => byTurns.push(tenantId, bytes, () => done.push(entry))
  }
  const turn = () => {
    for (const act of immediates.splice(0)) act()
  }
  return { done, immediates, turn, turns }
}

describe("requests by turns", { tags: ["ADR-0027.6"] }, () => {
  it("the first few are worked off as they come, the others in later turns of the event loop, none twice", () => {
    const { done, immediates, turn, turns } = world()
    for (let n = 0; n < 64; n += 1) turns.push(a, 200, `a${n}`)
    const atOnce = done.length
    assert.isAbove(atOnce, 0)
    assert.isBelow(atOnce, 32)
    let other = 0
    while (immediates.length > 0) {
      immediates.push(() => (other += 1))
      turn()
    }
    assert.isAtLeast(other, 64 / atOnce - 1, "whatever else waits gets its turn in between")
    assert.deepStrictEqual(
      done,
      Array.from({ length: 64 }, (_, n) => `a${n}`)
    )
  })

  it("one tenant's request is among the next few, however many of another's came before it", () => {
    const { done, turn, turns } = world()
    for (let n = 0; n < 64; n += 1) turns.push(a, 200, `a${n}`)
    const before = done.length
    turns.push(b, 200, "b")
    assert.notInclude(done, "b")
    turn()
    assert.isAtMost(done.indexOf("b") - before, 1)
  })

  it("a large one takes the time of many, and is not put off for ever", () => {
    const { done, turn, turns } = world()
    turns.push(a, 100_000, "large")
    turns.push(a, 100_000, "large too")
    turns.push(b, 200, "small")
    assert.deepStrictEqual(done, ["large"])
    turn()
    assert.deepStrictEqual(done, ["large", "large too"])
    turn()
    assert.deepStrictEqual(done, ["large", "large too", "small"])
  })

  it("a turn in which nothing came leaves nothing behind", () => {
    const { done, immediates, turn, turns } = world()
    turns.push(a, 200, "one")
    turn()
    assert.strictEqual(immediates.length, 0)
    turns.push(a, 200, "two")
    assert.deepStrictEqual(done, ["one", "two"])
  })
})

/**
 * A client with an event loop of its own. Each connection asks once, so that the edge has accepted it and knows its token; then all ask again in
 * one go. Says who is answered then, in order, with its status.
 */
const client = `
  const { parentPort, workerData: { port, requests, written } } = require("node:worker_threads")
  const { connect } = require("node:net")
  const { once } = require("node:events")
  const answered = []
  const ask = (socket, n) => new Promise((done) => socket.write(requests[n], done))
  const sockets = requests.map(() => connect(port, "127.0.0.1"))
  parentPort.once("message", async () => {
    const ended = sockets.map(async (socket, n) => {
      const [chunk] = await once(socket, "data")
      answered.push([n, chunk.toString("latin1", 9, 12)])
      socket.destroy()
    })
    for (const [n, socket] of sockets.entries()) await ask(socket, n)
    Atomics.store(written, 0, 1)
    Atomics.notify(written, 0)
    await Promise.all(ended)
    parentPort.postMessage(answered)
  })
  const known = sockets.map((socket, n) => Promise.all([ask(socket, n), once(socket, "data")]))
  Promise.all(known).then(() => parentPort.postMessage("known"))`

/** The edge, which is in this thread, sees none of them before all are there. */
const inOneGo = (port: number, requests: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const written = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(client, { eval: true, workerData: { port, requests, written } })
    await once(worker, "message")
    worker.postMessage("go", [])
    Atomics.wait(written, 0, 0)
    const [answered] = (await once(worker, "message")) as [ReadonlyArray<readonly [number, string]>]
    return answered
  })

describe("requests that the framework routes", { tags: ["ADR-0027.6"] }, () => {
  withLayer(layer)((it) => {
    it.effect("wait for their tenant's turn: another tenant's is not behind all that came before it", () =>
      Effect.gen(function* () {
        const { otherToken, port, token } = yield* Edge
        const asked = (bearer: string) =>
          `GET /v1/service-calls HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer ${bearer}\r\n\r\n`
        const flood = 60
        const answers = yield* inOneGo(port, [...Array.from({ length: flood }, () => asked(token)), asked(otherToken)])
        assert.deepStrictEqual([...new Set(answers.map(([, status]) => status))], ["200"])
        assert.isBelow(
          answers.findIndex(([n]) => n === flood),
          flood / 2
        )
      })
    )
  })
})
