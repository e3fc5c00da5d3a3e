/**
 * The time for which this member is the one that JetStream gives a group's messages to. It begins with a pause: what the member before
 * still has, or died with, must be done or come here first, else the messages behind it would overtake it.
 */
import { Clock, Effect } from "effect"
import type { NatsFailed } from "../Nats.ts"

/** Milliseconds between two looks at what others still hold. */
const lookMs = 100

export const makeConsumerPin = (options: {
  /** Messages that the server waits for, whoever has them. */
  readonly pending: Effect.Effect<number, NatsFailed>
  /** Of those, how many are known to be here. */
  readonly here: () => number
  /** Milliseconds after which the rest is not waited for any longer. */
  readonly patienceMs: number
  readonly lanes: { readonly open: () => void; readonly hold: () => void; readonly yield: () => void }
  readonly run: (work: Effect.Effect<void>) => void
}) => {
  const { here, lanes, patienceMs, pending, run } = options
  let current: string | undefined

  /** Whether the rest is with others; false once it is not waited for any longer. */
  const isHeldElsewhere = Effect.fnUntraced(function* (deadline: number) {
    // Counted before asking: if the server knows of no more than these, then it knows of none elsewhere.
    const mine = here()
    const others = yield* Effect.match(pending, { onFailure: () => true, onSuccess: (all) => all > mine })
    if (!others) return false
    if ((yield* Clock.currentTimeMillis) < deadline) return true
    yield* Effect.logWarning("another member of the group is not done with its messages; going on without it")
    return false
  })

  const isCurrent = (pin: string): boolean => current === pin

  const settle = Effect.fnUntraced(function* (pin: string) {
    const deadline = (yield* Clock.currentTimeMillis) + patienceMs
    while (isCurrent(pin) && (yield* isHeldElsewhere(deadline))) yield* Effect.sleep(lookMs)
    if (isCurrent(pin)) lanes.open()
  })

  return {
    /** A message came, with this pin. */
    heard: (pin: string): void => {
      if (pin === current) return
      current = pin
      lanes.hold()
      run(settle(pin))
    },
    /** Another member is to have the messages. */
    lost: (): void => {
      current = undefined
      lanes.yield()
    },
    /** The stream is another one, and nobody is pinned. */
    reset: (): void => {
      current = undefined
      lanes.hold()
    },
    /** As far as is known. */
    lasts: (): boolean => current !== undefined
  }
}
