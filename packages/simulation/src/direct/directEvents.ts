/** The way of couriers' events in a program of one process: the writer's commits ask before and tell after, and no message is made. As in the program. */
import { DirectMessages } from "@dueline/contracts/CommitCompanions"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { sparing } from "@dueline/dueline/Hearing"
import { Effect, Layer } from "effect"
import type { Victim } from "../checks/Reach.ts"
import type { Surroundings } from "../layerPorts.ts"

/** Everything else is heard by the far end of the bus. */
const allHeard = { isHeard: () => true, tell: () => undefined, filled: () => undefined }

export const takesOver = ({ world: { setup } }: Surroundings): boolean => setup.directEvents && setup.processes === 1

/** Whether what can be is carried out in the commit that takes it in: in every other world, since little is left to take over then. */
export const carriesOut = (around: Surroundings): boolean => takesOver(around) && around.world.seed % 2 === 0

/** The store as the writer of a process sees it. */
export const storeOf = (around: Surroundings) =>
  takesOver(around)
    ? Effect.map(Effect.all([Persistence, DirectMessages]), ([store, { ask }]) => sparing(store, allHeard, ask))
    : Effect.map(Persistence, (store) => store)

/** Whoever takes over is watched; a mutation comes between. */
export const layerDirectMessages = ({ inHand, mutation }: Surroundings, victim: Victim) =>
  Layer.effect(
    DirectMessages,
    Effect.map(DirectMessages, ({ ask, by }) => ({
      ask,
      by: (taker) => Effect.suspend(() => by(inHand.watch(victim, (mutation.takeOver ?? ((sound) => sound))(taker))))
    }))
  ).pipe(Layer.provide(DirectMessages.layer))
