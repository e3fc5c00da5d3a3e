/**
 * Two edges that differ in nothing but the way a plain submission takes: on one of them the plain way, on the other the router's. Both draw
 * the same dice and read the same clock, so that the same bytes sent to both in the same order have to be answered with the same bytes.
 */
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Clock, Context, Effect, Layer, Random } from "effect"
import { connect } from "node:net"
import { type Differently, Edge, layerOf } from "./Edge.ts"

/** What both edges take for the time. It passes only when a test says so; what is measured and waited for is real. */
export const time = { now: Date.UTC(2026, 0, 31, 9) }

const clock = () => {
  const real = Context.get(Context.empty(), Clock.Clock)
  const nanos = () => BigInt(time.now) * 1_000_000n
  return Object.assign(Object.create(real) as Clock.Clock, {
    currentTimeMillisUnsafe: () => time.now,
    currentTimeMillis: Effect.sync(() => time.now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos)
  })
}

export const atThatTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, clock())

/** mulberry32: good enough to tell ids apart. */
const dice = (): Random.Random => {
  let state = 1
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { nextDoubleUnsafe: next, nextIntUnsafe: () => Math.floor(next() * 2 ** 32) }
}

export interface Ways {
  readonly plain: Edge["Service"]
  readonly routed: Edge["Service"]
  /** Requests that went the plain way. */
  readonly taken: () => number
}

export class BothWays extends Context.Service<BothWays, Ways>()("@dueline/api/test/BothWays") {}

export const layerBothWays = (
  differently: Differently = {},
  others?: Layer.Layer<never> | Layer.Layer<Orchestrator>
): Layer.Layer<BothWays> =>
  Layer.effect(
    BothWays,
    Effect.gen(function* () {
      let taken = 0
      const build = (through: Differently["through"]) => {
        const same = Layer.mergeAll(Layer.sync(Clock.Clock, clock), Layer.sync(Random.Random, dice))
        const edge = layerOf({ ...differently, ...(through === undefined ? {} : { through }) }, others)
        return Effect.map(Layer.build(Layer.fresh(edge.pipe(Layer.provide(same)))), Context.get(Edge))
      }
      const plain = yield* build((take) => (request, response) => {
        const took = take(request, response)
        if (took) taken += 1
        return took
      })
      const routed = yield* build(() => null)
      // A token is good for the plain way once it was verified.
      for (const edge of [plain, routed]) yield* edge.send({ method: "POST", path: "/v1/service-calls" })
      return { plain, routed, taken: () => taken }
    })
  )

/** What a client does on its connection: bytes, a while in which it does nothing, or the end of it. */
export type Step = string | Uint8Array | { readonly pauseMs: number } | "abort"

/** The final answers in what came: those without a 1xx, each whole. */
const finalAnswers = (text: string): number => {
  let at = 0
  let count = 0
  for (;;) {
    const head = text.indexOf("\r\n\r\n", at)
    if (head === -1) return count
    const lines = text.slice(at, head)
    const length = Number(/^content-length: (\d+)/imu.exec(lines)?.[1] ?? 0)
    if (head + 4 + length > text.length) return count
    if (!lines.startsWith("HTTP/1.1 1")) count += 1
    at = head + 4 + length
  }
}

/** Goes through the steps on one connection, until so many answers have come or the server closes it. */
export const converse = (port: number, steps: ReadonlyArray<Step>, answers: number): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const chunks: Array<Buffer> = []
    const heard = () => Buffer.concat(chunks).toString("latin1")
    const socket = connect(port, "127.0.0.1")
    const done = () => {
      socket.destroy()
      resume(Effect.succeed(heard()))
    }
    socket.on("data", (chunk) => {
      chunks.push(chunk)
      if (finalAnswers(heard()) >= answers) done()
    })
    socket.on("error", done)
    socket.on("close", done)
    const go = async (): Promise<void> => {
      for (const step of steps) {
        if (step === "abort") return done()
        if (typeof step === "string") socket.write(step, "latin1")
        else if ("pauseMs" in step) await new Promise((over) => setTimeout(over, step.pauseMs))
        else socket.write(step)
      }
    }
    void go()
  })

/** All that may differ. */
export const comparable = (text: string): string => text.replaceAll(/^Date: .*$/gmu, "Date: …")

export interface Answers {
  readonly plain: string
  readonly routed: string
  /** Requests of these that went the plain way. */
  readonly taken: number
}

/** `steps`: by the edge's own token. */
export const bothWays = (steps: (edge: Edge["Service"]) => ReadonlyArray<Step>, answers: number) =>
  Effect.gen(function* () {
    const { plain, routed, taken } = yield* BothWays
    const before = taken()
    const told = yield* Effect.all([
      converse(plain.port, steps(plain), answers),
      converse(routed.port, steps(routed), answers)
    ])
    return { plain: comparable(told[0]), routed: comparable(told[1]), taken: taken() - before } satisfies Answers
  })
