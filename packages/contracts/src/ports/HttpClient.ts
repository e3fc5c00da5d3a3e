/** Sends one request into the world and says what became of it. Never fails: a refusal is an answer too. */
import { Context, type Effect } from "effect"
import type { FailureReason, HttpMethod } from "../serviceCall/Spec.ts"

export interface OutgoingRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  /** From connecting to the last byte read. */
  readonly timeoutMs: number
  /** Bytes of the answer that are kept; what comes after is not read. */
  readonly maxResponseBytes: number
  /**
   * Asked once more when a connection is there and the first byte is about to leave, also after a redirect: connecting takes time, and a
   * process can be stopped for long in between. `false`: nothing is sent, and the answer is a `timeout`.
   */
  readonly wanted: () => boolean
}

export type OutgoingResult =
  | {
      readonly _tag: "Answered"
      readonly status: number
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      readonly truncated: boolean
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

export class HttpClient extends Context.Service<
  HttpClient,
  {
    readonly send: (request: OutgoingRequest) => Effect.Effect<OutgoingResult>
  }
>()("@dueline/contracts/ports/HttpClient") {}
