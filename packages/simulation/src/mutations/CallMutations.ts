/** Mutations of how the ends of calls are told, and of what becomes of submissions under a pending key. */
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { Effect, Result } from "effect"
import type { Aggregate, Mutation } from "./Mutation.ts"

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

/** Mutations of what becomes of submissions under a pending key. */
type Decide = Aggregate["decide"]

const deciding = (change: (decide: Decide) => Decide): Mutation => ({
  aggregate: (sound) => ({ ...sound, decide: change(sound.decide) })
})

/** The call that waits is overlooked: another one is made beside it. */
export const pendingOverlooked: Mutation = {
  pendingLookup: (sound) => {
    let looks = 0
    return {
      ...sound,
      find: (tenantId, callId) =>
        ++looks % 3 === 0
          ? Effect.map(sound.find(tenantId, callId), (row) => row && { ...row, epoch: 1 })
          : sound.find(tenantId, callId)
    }
  }
}

/** It is moved on for as long as somebody asks. */
export const longestWaitForgotten = deciding(
  (decide) => (command, state) =>
    command._tag === "SubmitServiceCall" && command.pending !== undefined
      ? decide({ ...command, pending: { ...command.pending, longestWaitMs: null } }, state)
      : decide(command, state)
)

/** What is there stays, whatever was asked. */
export const alwaysKept = deciding(
  (decide) => (command, state) =>
    command._tag === "SubmitServiceCall" && command.pending !== undefined
      ? decide({ ...command, pending: { ...command.pending, onConflict: "keep" } }, state)
      : decide(command, state)
)

/** A call that a worker had and gave back is taken for one that has not begun, by whoever looks it up and by its writer. */
export const begunIsReplaced: Mutation = {
  ...deciding(
    (decide) => (command, state) =>
      command._tag === "SubmitServiceCall" && command.pending !== undefined && state._tag === "Scheduled"
        ? decide(command, { ...state, epoch: 0 })
        : decide(command, state)
  ),
  pendingLookup: (sound) => ({
    ...sound,
    find: (tenantId, callId) => Effect.map(sound.find(tenantId, callId), (row) => row && { ...row, epoch: 0 })
  })
}

/** The terms are the new ones, and the request that is sent the one of before. */
export const oldRequestSent: Mutation = {
  aggregate: (sound) => ({
    ...sound,
    attachment: (command, before, state) =>
      command._tag === "SubmitServiceCall" ? (before ?? command.sealed) : sound.attachment(command, before, state)
  })
}
