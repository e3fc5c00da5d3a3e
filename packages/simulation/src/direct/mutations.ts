/** Mutations of how events are taken over with their commits. */
import { Effect } from "effect"
import type { Mutation } from "../mutations/Mutation.ts"

/** What a process had in hand when it died nobody looks for, nor what nobody took since no answer came. */
export const unendedUnlooked: Mutation = {
  dueIngestions: (sound) => ({ ...sound, unended: () => Effect.succeed([]) })
}

/** Taken as soon as there is a place, whatever becomes of the commit. */
export const takenBeforeCommit: Mutation = {
  takeOver: (sound) => (message) => {
    const reserved = sound(message)
    reserved?.take()
    return reserved === null ? null : { take: () => undefined, release: () => undefined }
  }
}

/** The place stays kept when the commit fails: its repeat counts as in hand, and nobody carries it out. */
export const placesKept: Mutation = {
  takeOver: (sound) => (message) => {
    const reserved = sound(message)
    return reserved === null ? null : { ...reserved, release: () => undefined }
  }
}

/** Taken, and put down. */
export const takenAndForgotten: Mutation = {
  takeOver: (sound) => (message) => {
    const reserved = sound(message)
    return reserved === null ? null : { ...reserved, take: reserved.release }
  }
}
