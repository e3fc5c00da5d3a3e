/** Sends one request into the world and says what became of it. Never fails: a refusal is an answer too. */
import { Context, Effect } from "effect"
import type { FailureReason, HttpMethod } from "../serviceCall/Spec.ts"

export interface OutgoingRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  /**
   * Milliseconds from the instant the first byte of the request leaves to the last byte read, redirects included. Waiting for a name, a
   * place or a connection is not in it: that has bounds of the client's own. Counted in time that this process has run.
   */
  readonly timeoutMs: number
  /** Bytes of the answer that are kept; what comes after is not read. */
  readonly maxResponseBytes: number
  /**
   * Called synchronously at the instant the first byte is about to leave, for each hop: `true`, and it leaves; `false`, and nothing does.
   * Then the result is `NotSent`, or after a redirect, when the first request has left, `Unanswered` with `timeout`.
   */
  readonly wanted: () => boolean
  /** Whose request it is: what all share (look-ups of names, places for connections) is bounded and shared out by group. Default: all are one. */
  readonly group?: string
}

export type OutgoingResult =
  | {
      readonly _tag: "Answered"
      readonly status: number
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      readonly truncated: boolean
      /** Milliseconds since the first byte left; for what never left, since `send` began. */
      readonly durationMs: number
    }
  | {
      readonly _tag: "Unanswered"
      readonly reason: Exclude<
        FailureReason,
        "http_status" | "worker_lost" | "deadline_exceeded" | "request_unreadable"
      >
      /** For people; holds no secret. */
      readonly detail: string
      readonly durationMs: number
    }
  | {
      /** No byte has left, for a reason of ours and not of the target: not an attempt. */
      readonly _tag: "NotSent"
      readonly reason: "unwanted" | "name_unanswered" | "no_capacity"
      /** For people; holds no secret. */
      readonly detail: string
      readonly durationMs: number
    }

/**
 * Calls `done` once, perhaps on this very stack, and never after what it answers was called: that abandons the request. Never throws.
 */
export type StartRequest = (request: OutgoingRequest, done: (result: OutgoingResult) => void) => () => void

export class HttpClient extends Context.Service<
  HttpClient,
  {
    readonly start: StartRequest
    /** The same for those who wait in a fiber; its interruption abandons the request. */
    readonly send: (request: OutgoingRequest) => Effect.Effect<OutgoingResult>
  }
>()("@dueline/contracts/ports/HttpClient") {
  static readonly starting = (start: StartRequest): HttpClient["Service"] =>
    HttpClient.of({
      start,
      send: (request) =>
        Effect.callback((resume) => {
          const abandon = start(request, (result) => resume(Effect.succeed(result)))
          return Effect.sync(abandon)
        })
    })
}
