/** Mutations of what becomes of submissions under a pending key. */
import { Effect } from "effect"
import type { Aggregate, Mutation } from "../mutations/Mutation.ts"

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
