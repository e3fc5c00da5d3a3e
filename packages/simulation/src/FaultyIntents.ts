/** Intents that are lost, told twice, late, or in another order: all of them only hurry along what the tables say anyway. */
import type { Intent } from "@dueline/contracts/Intent"
import type { IntentListener, Intents } from "@dueline/contracts/Intents"
import type { Victim } from "./Reach.ts"
import type { Witness } from "./Witness.ts"
import type { World } from "./World.ts"

export const makeIntents = (world: World, witness: Witness, { machine }: Victim): Intents["Service"] => {
  const listeners: Array<IntentListener> = []
  const { alarmRepeated, intentLate, intentLost, intentRepeated } = world.faults
  const tell = (intents: ReadonlyArray<Intent>) => {
    for (const listener of listeners) listener(intents)
  }
  const later = (intent: Intent, withinMs: number) =>
    void world.time.after(world.dice.between(0, withinMs), () => machine.enter(() => tell([intent])))
  const publish = (intents: ReadonlyArray<Intent>) => {
    const atOnce: Array<Intent> = []
    for (const intent of intents) {
      if (world.strikes(intentLost)) {
        world.troubled(machine.name)
        if (intent._tag === "ExecutionRequested") witness.unheard(intent.callId, intent.epoch)
        continue
      }
      if (world.strikes(intentLate)) {
        later(intent, 3_000)
        continue
      }
      // Before the ones that came earlier in this commit: a listener may not count on their order.
      if (world.strikes(intentLate)) atOnce.unshift(intent)
      else atOnce.push(intent)
      // An attempt that was made is not known any more: only one that is still under way can be recognised.
      if (world.strikes(intentRepeated)) atOnce.push(intent)
      if (intent._tag === "AlarmWanted" && world.strikes(alarmRepeated)) later(intent, 60_000)
    }
    if (atOnce.length > 0) tell(atOnce)
  }
  return {
    publish,
    subscribe: (listener) => {
      listeners.push(listener)
    }
  }
}
