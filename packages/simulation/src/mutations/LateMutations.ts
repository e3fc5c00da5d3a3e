/** Mutations of schedules, of what due calls wait for, and of what is delivered to subscriptions. */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import type { Mutation } from "./Mutation.ts"

/** Whoever fires is heard, however often, and whatever has come of the schedule meanwhile. */
export const firedTwice: Mutation = {
  orchestrator: ({ offer }) =>
    Orchestrator.offering((envelope, settle) =>
      offer(
        envelope.command._tag === "AdvanceSchedule"
          ? { ...envelope, commandId: `${envelope.commandId}:${envelope.command.at}` as never, expectedVersion: null }
          : envelope,
        settle
      )
    ),
  schedule: (sound) => ({
    ...sound,
    decide: (command, state) =>
      command._tag === "AdvanceSchedule" && state._tag === "Known"
        ? sound.decide(command, { ...state, schedule: { ...state.schedule, doneUntil: command.doneUntil } })
        : sound.decide(command, state)
  })
}

/** What was fired and did not become a call is left. */
export const firingsForgotten: Mutation = {
  bus: ({ consume, publish }) => ({
    publish,
    consume: (options, handler) => (options.group === "schedule-calls" ? Effect.void : consume(options, handler))
  })
}

/** A firing is stored without the call that belongs into its commit. */
export const storedWithoutCall: Mutation = {
  store: ({ persistence }) => ({
    ...persistence,
    commit: (batch) =>
      persistence.commit(
        batch.some(({ category }) => category === "schedule")
          ? batch.filter(({ category }) => category === "schedule")
          : batch
      )
  })
}

/** The call before counts as ended, whatever it is. */
export const overlapUnseen: Mutation = {
  dueSchedules: (sound) => ({
    ...sound,
    due: (options) => Effect.map(sound.due(options), (rows) => rows.map((row) => ({ ...row, last: null })))
  })
}

export const pausesUnread: Mutation = { pauses: () => ({ inForce: () => Effect.succeed([]) }) }

export const releasedAtOnce: Mutation = {
  pauses: (sound) => ({
    inForce: (options) =>
      Effect.map(sound.inForce(options), (pauses) =>
        pauses.map((pause) =>
          pause.release === null ? pause : { ...pause, release: { ...pause.release, perSecond: 10_000 } }
        )
      )
  })
}

export const placesForAll: Mutation = {
  flowPlaces: (sound) => ({
    ...sound,
    take: (asked) => Effect.succeed(asked.map(() => ({ _tag: "Granted" }) as const))
  })
}

/** A place is given back while its call runs: as one was whose start was committed without an answer. */
export const placesGivenBack: Mutation = {
  flowPlaces: (sound) => ({
    ...sound,
    take: (asked) =>
      Effect.tap(sound.take(asked), () =>
        sound.release(asked.map(({ callId, flow, tenantId }) => ({ callId, key: flow.key, tenantId })))
      )
  })
}

/** A delivery counts as over as soon as it is a call. */
export const deliveredInAnyOrder: Mutation = {
  deliveries: (sound) => ({
    ...sound,
    look: (options) =>
      Effect.map(sound.look(options), ({ called, ready }) => ({
        ready,
        called: called.map((each) =>
          each.call === null ? each : { ...each, call: { ...each.call, status: "Succeeded" as const } }
        )
      }))
  })
}

/** What is sorted is for nobody. */
export const messagesUnsorted: Mutation = {
  deliveries: (sound) => ({ ...sound, sort: (sorted) => sound.sort(sorted.map((each) => ({ ...each, to: [] }))) })
}

/** What a job asks for is asked for whatever has become of the call meanwhile. */
export const jobVersionsIgnored: Mutation = {
  orchestrator: ({ offer }) =>
    Orchestrator.offering((envelope, settle) =>
      offer(envelope.commandId.startsWith("bulk-job:") ? { ...envelope, expectedVersion: null } : envelope, settle)
    )
}

/** Each step has what is found at the time, and not what it had before. */
export const itemsClaimedAnew: Mutation = {
  jobItems: (sound) => ({
    ...sound,
    claim: (options) =>
      Effect.map(sound.claim(options), (items) =>
        items.filter(({ id }) => options.items.some((found) => found.id === id))
      )
  })
}
