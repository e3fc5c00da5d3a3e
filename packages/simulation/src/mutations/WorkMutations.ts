/** Mutations of timer, executor, sweep and dispatcher: what should find, guard or tell does not. */
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Effect, Random } from "effect"
import type { Mutation } from "./Mutation.ts"

export const watchdogOff: Mutation = { backlog: (sound) => ({ ...sound, abandoned: () => Effect.succeed([]) }) }

export const sweepOff: Mutation = { backlog: (sound) => ({ ...sound, upcoming: () => Effect.succeed([]) }) }

export const heartbeatOff: Mutation = {
  backlog: (sound) => ({ ...sound, extend: () => Effect.succeed({ renewed: [], gone: [] }) })
}

/** The executor is told that all is its own still, whatever the store knows. */
export const leaseIgnored: Mutation = {
  backlog: (sound) => ({
    ...sound,
    extend: (options) => Effect.map(sound.extend(options), () => ({ renewed: options.holdings, gone: [] }))
  })
}

/** What has come to the wire is sent, whatever has become of its lease. */
export const sentUnasked: Mutation = {
  http: ({ start }) =>
    HttpClient.starting((request, done) => {
      const wanted = () => {
        request.wanted()
        return true
      }
      return start({ ...request, wanted }, done)
    })
}

/** Elapsed time is told by the wall clock. */
export const oneClock: Mutation = { oneClock: true }

/** An attempt that comes a little before its time is sent as it comes. */
export const attemptNotHeld: Mutation = {
  executor: (sound) => ({ ...sound, offer: (intent) => sound.offer({ ...intent, dueAt: 0 }) })
}

/** A call that is due when it is submitted goes past pauses of its tag, and takes no place of its flow. */
export const directPastPauses: Mutation = {
  direct: (sound) => (submission) => {
    const { command } = submission
    if (command._tag !== "SubmitServiceCall") return sound(submission)
    const { flow: _, ...spec } = command.spec
    return sound({ ...submission, command: { ...command, spec: { ...spec, tags: [] } } })
  }
}

/** Every attempt is made, and every other one refused all the same. */
export const refusedAndMade: Mutation = {
  executor: (sound) => {
    let offers = 0
    return { ...sound, offer: (intent) => sound.offer(intent) && ++offers % 2 === 0 }
  }
}

export const toldNobody: Mutation = { bus: ({ consume }) => ({ consume, publish: () => Effect.void }) }

/** Publishing is done when it has begun, and each message takes its own time. */
export const toldWhenever: Mutation = {
  bus: ({ consume, publish }) => ({
    consume,
    publish: (message) =>
      Effect.asVoid(
        Effect.forkDetach(
          Effect.flatMap(Random.nextBetween(0, 20_000), Effect.sleep).pipe(
            Effect.andThen(Effect.ignore(publish(message)))
          )
        )
      )
  })
}

export const retryAfterIgnored: Mutation = {
  http: ({ start }) =>
    HttpClient.starting((request, done) =>
      start(request, (result) => done(result._tag === "Answered" ? { ...result, headers: {} } : result))
    )
}
