/** `dueline call cancel`, `reschedule` and `run`. */
import type { ServiceCallState } from "@dueline/contracts/api/ServiceCallView"
import type { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { stateWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { hint, print, usage } from "../Shell.ts"
import { withoutUndefined } from "../flags.ts"

export interface ChangeInput {
  readonly id: ServiceCallId
  readonly ifMatch: string | undefined
  readonly key: IdempotencyKey | undefined
}

const requestOf = ({ id, ifMatch, key }: ChangeInput) => ({
  params: { id },
  headers: withoutUndefined({ "if-match": ifMatch, "idempotency-key": key })
})

const printState = Effect.fnUntraced(function* (state: ServiceCallState, note: string) {
  const words = yield* style
  yield* print(state, (state) => (note === "" ? stateWords(state, words) : `${stateWords(state, words)}\n${note}`))
})

export const cancelCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.cancel(requestOf(input))
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
  const ifMatch = input.ifMatch ?? (yield* api.get({ params: { id }, query: {}, headers: {} })).headers.etag
  const { body } = yield* api.reschedule({
    ...requestOf({ ...input, ifMatch }),
    payload: withoutUndefined({ delay, dueAt })
  })
  yield* printState(body, "")
})

export const runCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.run(requestOf(input))
  yield* printState(body, "")
  yield* hint(`follow it with: dueline call watch ${body.id}`)
})
