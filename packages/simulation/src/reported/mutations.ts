/** Mutations of how product events are taken in. */
import type { ProductEventId } from "@dueline/contracts/productEvent/ProductEvent"
import { Effect } from "effect"
import type { Mutation } from "../mutations/Mutation.ts"

const idsOf = (events: ReadonlyArray<{ readonly id: ProductEventId }>) => new Set(events.map(({ id }) => id))

/** Nobody looks whether an event id is there already. */
export const eventIdsUnknown: Mutation = {
  knownEventIds: () => {
    const none = new Set<string>()
    none.has = () => false
    return none
  }
}

/** The first event of a request is stored without the others. */
export const storedInHalf: Mutation = {
  reportWrites: (sound) => (receipt) =>
    Effect.as(sound({ ...receipt, events: receipt.events.slice(0, 1) }), idsOf(receipt.events))
}

/** The events of one workspace are stored under the name of another. */
export const workspaceMistaken: Mutation = {
  reportWrites: (sound) => (receipt) => sound({ ...receipt, by: { ...receipt.by, workspace: "another" } })
}

/** Who asks is answered before the group is stored. */
export const answeredBeforeDurable: Mutation = {
  reportGroups: (sound) => (entries) =>
    Effect.as(
      Effect.forkDetach(sound(entries)),
      entries.map(({ events }) => idsOf(events))
    )
}

/** Of a group each gets the answer of another. */
export const answersGoAstray: Mutation = {
  reportGroups: (sound) => (entries) =>
    Effect.map(sound(entries), (answers) =>
      answers.length > 1 ? [...answers.slice(1), ...answers.slice(0, 1)] : answers
    )
}
