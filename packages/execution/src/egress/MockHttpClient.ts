/** A scripted world in place of the network: for offline tests and simulation. Deterministic; its latency passes on the given clock. */
import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { Effect, Exit } from "effect"

export type MockReply =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string | Uint8Array
      readonly latencyMs?: number
      /** How long it takes until a connection is there. */
      readonly connectMs?: number
    }
  | {
      readonly reason: Extract<OutgoingResult, { readonly _tag: "Unanswered" }>["reason"]
      readonly detail?: string
      readonly latencyMs?: number
      readonly connectMs?: number
    }
  | {
      readonly notSent: Exclude<Extract<OutgoingResult, { readonly _tag: "NotSent" }>["reason"], "unwanted">
      readonly connectMs?: number
    }

export interface MockRule {
  /** The whole URL, the beginning of one when it ends in `*`, or a question to the request. */
  readonly match: string | ((request: OutgoingRequest) => boolean)
  /** One after the other, the last one for ever; or made from the request and how many came before it under this rule. */
  readonly reply: MockReply | ReadonlyArray<MockReply> | ((request: OutgoingRequest, before: number) => MockReply)
}

interface SentRequest {
  readonly request: OutgoingRequest
  readonly result: OutgoingResult
}

export interface MockHttpClient extends HttpClientShape {
  /** Answered requests, oldest first; only the last `recordLimit`. */
  readonly sent: ReadonlyArray<SentRequest>
  /** Requests begun, including those interrupted. */
  readonly begun: () => number
}

type HttpClientShape = HttpClient["Service"]

interface MockOptions {
  /** What happens to a request that no rule knows. Default: its name is not found. */
  readonly otherwise?: MockReply
  readonly recordLimit?: number
}

/** Said by the target's side before anything is written to it. */
const beforeFirstByte: ReadonlySet<string> = new Set(["dns", "connect", "tls", "egress_denied"])

const leaves = (reply: MockReply): boolean =>
  !("notSent" in reply) && !("reason" in reply && beforeFirstByte.has(reply.reason))

const matches = ({ match }: MockRule, request: OutgoingRequest): boolean => {
  if (typeof match === "function") return match(request)
  return match.endsWith("*") ? request.url.startsWith(match.slice(0, -1)) : request.url === match
}

const isList = (reply: MockRule["reply"]): reply is ReadonlyArray<MockReply> => Array.isArray(reply)

const pick = (rule: MockRule, request: OutgoingRequest, before: number, otherwise: MockReply): MockReply => {
  const { reply } = rule
  if (typeof reply === "function") return reply(request, before)
  return isList(reply) ? (reply[Math.min(before, reply.length - 1)] ?? otherwise) : reply
}

/** Holds to the same bounds as a real client: the time-out, and the bytes that are kept. */
const resultOf = (reply: MockReply, { maxResponseBytes, timeoutMs }: OutgoingRequest): OutgoingResult => {
  if ("notSent" in reply) return { _tag: "NotSent", reason: reply.notSent, detail: reply.notSent, durationMs: 0 }
  const { latencyMs = 0 } = reply
  if (latencyMs >= timeoutMs)
    return { _tag: "Unanswered", reason: "timeout", detail: "no answer in time", durationMs: timeoutMs }
  if ("reason" in reply) {
    return { _tag: "Unanswered", reason: reply.reason, detail: reply.detail ?? reply.reason, durationMs: latencyMs }
  }
  const whole =
    typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : (reply.body ?? new Uint8Array(0))
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers[name.toLowerCase()] = value
  return {
    _tag: "Answered",
    status: reply.status,
    headers,
    body: whole.subarray(0, maxResponseBytes),
    truncated: whole.length > maxResponseBytes,
    durationMs: latencyMs
  }
}

/** Its latency passes on the clock of the fiber that makes it. */
export const make = (
  rules: ReadonlyArray<MockRule>,
  { otherwise = { reason: "dns", detail: "ENOTFOUND" }, recordLimit = 10_000 }: MockOptions = {}
): Effect.Effect<MockHttpClient> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runForkWith(context)
    const sent: Array<SentRequest> = []
    const counts = new Map<MockRule, number>()
    let begun = 0
    const exchangeOf = (request: OutgoingRequest, reply: MockReply, connectMs: number): Effect.Effect<OutgoingResult> =>
      Effect.suspend(() => {
        if (leaves(reply) && !request.wanted()) {
          return Effect.succeed({ _tag: "NotSent", reason: "unwanted", detail: "not wanted", durationMs: connectMs })
        }
        begun++
        const result = resultOf(reply, request)
        const answer = Effect.sync(() => {
          if (sent.length >= recordLimit) sent.shift()
          sent.push({ request, result })
          return result
        })
        return result.durationMs === 0 ? answer : Effect.andThen(Effect.sleep(result.durationMs), answer)
      })
    const client = HttpClient.starting((request, done) => {
      const rule = rules.find((candidate) => matches(candidate, request))
      const before = rule === undefined ? 0 : (counts.get(rule) ?? 0)
      if (rule !== undefined) counts.set(rule, before + 1)
      const reply = rule === undefined ? otherwise : pick(rule, request, before, otherwise)
      const { connectMs = 0 } = reply
      const exchange = exchangeOf(request, reply, connectMs)
      const fiber = run(connectMs === 0 ? exchange : Effect.andThen(Effect.sleep(connectMs), exchange))
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) done(exit.value)
      })
      return () => fiber.interruptUnsafe()
    })
    return { ...client, sent, begun: () => begun }
  })
