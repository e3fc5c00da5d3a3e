/** The outside: targets that answer well, badly, late or never, over a wire that can break on either side of their acting. */
import type { OutgoingRequest, OutgoingResult, StartRequest } from "@dueline/contracts/ports/HttpClient"
import { survives, type Victim } from "../checks/Reach.ts"
import type { Witness } from "../checks/Witness.ts"
import type { World } from "./World.ts"

type Unanswered = Extract<OutgoingResult, { readonly _tag: "Unanswered" }>
type NotSent = Extract<OutgoingResult, { readonly _tag: "NotSent" }>
type Result = Omit<Unanswered, "durationMs"> | Omit<NotSent, "durationMs"> | ReturnType<typeof respond>

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a target makes of a request; its answer tells which epoch it saw. */
const respond = (
  world: World,
  request: OutgoingRequest
): Omit<Extract<OutgoingResult, { _tag: "Answered" }>, "durationMs"> => {
  const seen = request.headers["dueline-epoch"] ?? "none"
  const status = world.strikes(world.faults.targetFails) ? world.dice.pick([500, 503, 429, 404, 400, 408]) : 200
  const asksToWait = (status === 429 || status === 503) && world.dice.chance(0.5)
  const headers: Record<string, string> = { "content-type": "text/plain" }
  if (asksToWait) headers["retry-after"] = String(world.dice.between(0, 5))
  return { _tag: "Answered", status, headers, body: encode(`seen ${seen}`), truncated: false }
}

/** How long the target takes, in milliseconds: mostly no time, sometimes past the time-out, rarely past the attempt's deadline. */
const thinks = (world: World, timeoutMs: number): number => {
  if (!world.strikes(world.faults.targetSlow)) return world.dice.between(1, 40)
  return world.dice.chance(0.2) ? timeoutMs + world.dice.between(4_000, 9_000) : world.dice.between(100, timeoutMs * 2)
}

const drawWire = (world: World, machine: string, targetsAreAway: (machine: string) => boolean) => {
  if (targetsAreAway(machine)) return "connect"
  const { nameUnanswered, noPlace, wireFails } = world.faults
  if (world.strikes(wireFails)) return world.dice.pick(["dns", "connect", "lost before", "lost after", "stuck"])
  if (world.strikes(nameUnanswered)) return "name unanswered"
  return world.strikes(noPlace) ? world.dice.pick(["late", "late", "no place"]) : "whole"
}

/** How long a request may wait here for its name or its connection, in milliseconds. */
const waits = [500, 3_000, 8_000, 20_000] as const

/** One process's HTTP client. Now and then it comes back late, as when the process had no time for it. */
export const makeStart =
  (world: World, victim: Victim, witness: Witness, targetsAreAway: (machine: string) => boolean): StartRequest =>
  (request, told) => {
    const from = world.time.now
    const { machine } = victim
    // A process that stands still right here has looked at its clock already: no program can help that, so none is asked to.
    if (!survives(world, victim, "before sending", { mayStall: false })) return () => undefined
    let done = false
    let abandoned = false
    const finish = (result: Result) => {
      if (done) return
      done = true
      if (!survives(world, victim, "before hearing the answer")) return
      const durationMs = world.time.now - from
      machine.enter(() => {
        if (!abandoned) told({ ...result, durationMs })
      })
    }
    const fails = (reason: Unanswered["reason"]) =>
      finish({ _tag: "Unanswered", reason, detail: `simulated ${reason}` })
    const unsent = (reason: NotSent["reason"]) => finish({ _tag: "NotSent", reason, detail: `simulated ${reason}` })
    const wire = drawWire(world, machine.name, targetsAreAway)
    const leave = () => {
      if (done) return
      // Asked and answered in the very moment in which the first byte leaves.
      if (!request.wanted()) return unsent("unwanted")
      witness.leaves(machine.name, request)
      const takes = thinks(world, request.timeoutMs)
      const late = world.strikes(world.faults.targetSlow / 4) ? world.dice.between(0, 8_000) : 0
      world.time.after(request.timeoutMs + late, () => fails("timeout"))
      if (wire === "stuck") return
      world.time.after(world.dice.between(0, 30), () => {
        if (wire === "lost before") return fails("connection_lost")
        witness.acts(machine.name, request)
        const response = respond(world, request)
        const seconds = response.headers["retry-after"]
        world.time.after(takes, () => {
          if (wire === "lost after") return fails("connection_lost")
          if (seconds !== undefined && !done) witness.asksToWait(request, Number(seconds))
          finish(response)
        })
      })
    }
    /** When the process has a turn after so long. */
    const after = (millis: number, act: () => void) => void world.time.after(millis, () => machine.enter(act))
    if (wire === "dns" || wire === "connect") {
      world.time.after(world.dice.between(0, 20), () => {
        witness.refuses(request)
        fails(wire)
      })
    } else if (wire === "name unanswered") after(world.dice.pick(waits), () => unsent("name_unanswered"))
    else if (wire === "no place") after(world.dice.pick(waits), () => unsent("no_capacity"))
    else if (wire === "late") after(world.dice.pick(waits), leave)
    else leave()
    return () => {
      done = true
      abandoned = true
    }
  }
