/** Mutations of how the ends of calls are told. */
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Effect, Result } from "effect"
import type { Mutation } from "../mutations/Mutation.ts"

/** A call ends, and nobody is to be told. */
export const endsUnsaid: Mutation = {
  aggregate: (sound) => ({
    ...sound,
    decide: (command, state) =>
      Result.map(sound.decide(command, state), (events) => events.filter(({ _tag }) => _tag !== "CallbackWanted"))
  })
}

/** An attempt that failed is told as if the call had ended. */
export const failuresTold: Mutation = {
  aggregate: (sound) => ({
    ...sound,
    decide: (command, state) =>
      Result.map(sound.decide(command, state), (events) =>
        events.at(-1)?._tag === "RetryScheduled" && state._tag === "Running" && state.spec.onEnd !== undefined
          ? [...events, { _tag: "CallbackWanted" as const, revision: state.revision }]
          : events
      )
  })
}

/** What is to be told is put aside as if it had been. */
export const callbacksPutAside: Mutation = {
  deliveries: (sound) => ({
    ...sound,
    unsorted: (limit) =>
      Effect.flatMap(sound.unsorted(limit), (messages) => {
        const aside = messages.filter(({ topic }) => topic === callbackTopic)
        return Effect.as(
          sound.sort(aside.map(({ seq, tenantId }) => ({ seq, tenantId, to: [] }))),
          messages.filter(({ topic }) => topic !== callbackTopic)
        )
      })
  })
}

/** Each look makes another call. */
export const callbackOfEachLook: Mutation = {
  callbackId: (sound) => {
    let looks = 0
    return (tenantId, callId) => sound(tenantId, callId, ++looks)
  }
}

/** Whatever came of a call, it is told that it succeeded. */
export const successTold: Mutation = {
  deliveries: (sound) => ({
    ...sound,
    unsorted: (limit) =>
      Effect.map(sound.unsorted(limit), (messages) =>
        messages.map((message) =>
          message.topic === callbackTopic
            ? { ...message, payload: { ...(message.payload as object), status: "Succeeded" } }
            : message
        )
      )
  })
}

export const unsigned: Mutation = {
  http: ({ start }) =>
    HttpClient.starting((request, done) => {
      const { "webhook-signature": _signature, ...headers } = request.headers
      return start({ ...request, headers }, done)
    })
}
