/** Mutations of how what came in is carried out: couriers' events, in their commits too, payloads that become orders, product events. */
import type { OrderId } from "@dueline/contracts/Ids"
import { ack } from "@dueline/contracts/ports/EventBus"
import type { ProductEventId } from "@dueline/contracts/productEvent/ProductEvent"
import { Effect, Result } from "effect"
import type { Mutation } from "./Mutation.ts"

const goesOn = (type: string): boolean => type === "shipment.in_transit" || type === "shipment.exception"

/** Of what goes on, the event that came last has the last word, whatever the courier says about its time. */
export const latestComerWins: Mutation = {
  shipment: (sound) => ({
    ...sound,
    decide: (command, state) => {
      const { at, courierSourceId, event, origin } = command
      return state._tag === "Known" && goesOn(event.type)
        ? Result.succeed([{ _tag: "ShipmentEventRecorded", courierSourceId, event, origin, recordedAt: at }])
        : sound.decide(command, state)
    },
    evolve: (state, recorded, at) => {
      const after = sound.evolve(state, recorded, at)
      const { eventId, occurredAt, type } = recorded.event
      return after._tag === "Known" && goesOn(type)
        ? { ...after, milestones: { ...after.milestones, moving: { eventId, type, occurredAt } } }
        : after
    }
  })
}

/** Acknowledged first: what fails after that is not tried again. */
export const acknowledgedFirst: Mutation = {
  fieldEvents: (sound) => (delivery) => Effect.as(sound(delivery), ack)
}

/** Ended without having been carried out. */
export const shipmentsForgotten: Mutation = {
  shipment: (sound) => ({
    ...sound,
    evolve: (state, event, at) => (state._tag === "Known" ? state : sound.evolve(state, event, at))
  })
}

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

/** Of a payload only the beginning is looked at, by whoever sends it and by whoever fetches it. */
export const digestOfTheBeginning: Mutation = {
  dropbin: (sound) => ({ ...sound, digestOf: (bytes) => sound.digestOf(bytes.slice(0, 8)) })
}

/** The first look at a payload makes its order, and each after it another one. */
export const orderOfEachLook: Mutation = {
  dropbin: (sound) => {
    const looked = new Map<string, number>()
    return {
      ...sound,
      orderIdOf: (tenantId, ingestionId) => {
        const looks = looked.get(ingestionId) ?? 0
        looked.set(ingestionId, looks + 1)
        const orderId = sound.orderIdOf(tenantId, ingestionId)
        return looks === 0 ? orderId : (`${orderId.slice(0, -4)}${String(looks).padStart(4, "0")}` as OrderId)
      }
    }
  }
}

/** What a process had in hand when it died nobody looks for. */
export const payloadsUnlooked: Mutation = {
  dueIngestions: (sound) => ({ ...sound, due: () => Effect.succeed([]) })
}

/** Mutations of how product events are taken in. */
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
