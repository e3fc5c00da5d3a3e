/** Mutations of how events that came in are carried out. */
import { ack } from "@dueline/contracts/ports/EventBus"
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
