/** `dueline call cancel`, `reschedule` and `run`. */
import type { ServiceCallState } from "@dueline/contracts/api/ServiceCallView"
import type { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { stateWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { usage } from "./CommandFailed.ts"
import { given } from "./flags.ts"
import { hint, print } from "./Shell.ts"

export interface ChangeInput {
  readonly id: ServiceCallId
  readonly ifMatch: string | undefined
  readonly key: IdempotencyKey | undefined
}

const asked = ({ id, ifMatch, key }: ChangeInput) => ({
  params: { id },
  headers: given({ "if-match": ifMatch, "idempotency-key": key })
})

const printState = Effect.fnUntraced(function* (state: ServiceCallState, said: string) {
  const look = yield* style
  yield* print(state, (state) => (said === "" ? stateWords(state, look) : `${stateWords(state, look)}\n${said}`))
})

export const cancelCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.cancel(asked(input))
  yield* printState(
    body,
    body.status === "Cancelled" ? "no request will be made" : "one request is on its way, it is the last"
  )
})

export const rescheduleCall = Effect.fnUntraced(function* (
  input: ChangeInput & { readonly delay: string | undefined; readonly dueAt: string | undefined }
) {
  const { delay, dueAt, id } = input
  if (delay === undefined && dueAt === undefined) return yield* usage("Give --delay or --due-at")
  if (delay !== undefined && dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const api = yield* callsApi
  const ifMatch = input.ifMatch ?? (yield* api.get({ params: { id }, headers: {} })).headers.etag
  const { body } = yield* api.reschedule({ ...asked({ ...input, ifMatch }), payload: given({ delay, dueAt }) })
  yield* printState(body, "")
})

export const runCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.run(asked(input))
  yield* printState(body, "")
  yield* hint(`follow it with: dueline call watch ${body.id}`)
})
