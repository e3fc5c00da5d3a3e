/** The processes on the one store: starts them, lets them die, sleep and end, and carries what clients ask to one of them. */
import { Cause, Exit } from "effect"
import type { Asked } from "../checks/AnswerCheck.ts"
import type { Dice } from "./Dice.ts"
import type { Reply } from "../clients/Requests.ts"
import type { ReportReply } from "../reported/ReportClient.ts"
import type { Report } from "../reported/receiving.ts"
import type { Machine } from "./Machine.ts"
import type { Surroundings } from "../layerPorts.ts"
import type { WallClock } from "./Clocks.ts"
import { Program } from "../Program.ts"
import type { Victim } from "../checks/Reach.ts"

/** By how much clocks are set wrong, in milliseconds: by little, by less and by more than a lease. */
const aheads = [0, -120_000, -30_000, -12_000, -1_000, 1_000, 12_000, 30_000, 120_000] as const

const hostOf = (place: number): string => `host-${place + 1}`

export class Cluster {
  readonly #around: Surroundings
  readonly #programs: Array<Program> = []
  /** One for each place: a host outlives its processes. */
  readonly #clocks: ReadonlyArray<WallClock>
  #started = 0
  #deaths = 0

  constructor(around: Surroundings) {
    this.#around = around
    const { world } = around
    const places = Array.from({ length: world.setup.processes }, (_, place) => place)
    this.#clocks = places.map((place) => world.wallClock(hostOf(place)))
    for (const place of places) this.#start(place)
    if (world.faults.blackoutMs > 0) {
      world.time.after(world.darkAt - world.time.now, () => this.#goDark())
      world.time.after(world.backAt - world.time.now, () => {
        for (const place of places) this.#start(place)
      })
    }
    const dice = world.dice.fork("clock steps")
    for (let step = 0; step < world.faults.clockSteps; step++) this.#stepLater(dice)
  }

  /** Somebody sets the clock of a host, and somewhat later another time. */
  #stepLater(dice: Dice): void {
    const { world } = this.#around
    const place = dice.between(0, this.#clocks.length - 1)
    const first = dice.between(0, world.setup.activeMs)
    for (const at of [first, first + dice.between(100, 30_000)]) {
      const aheadMs = dice.pick(aheads)
      world.time.after(at, () => {
        const clock = this.#clocks[place]
        if (clock !== undefined && !world.quiet) world.setClock(hostOf(place), clock, aheadMs)
      })
    }
  }

  /** All are killed, and nobody starts until it is over. */
  #goDark(): void {
    const { world } = this.#around
    world.note("world", "goes dark")
    for (const machine of [...world.machines]) world.remove(machine)
  }

  /** Everyone is awake again and knows the time; whoever is dead starts within the second. */
  calm(): void {
    const { world } = this.#around
    for (const [place, clock] of this.#clocks.entries())
      if (clock.aheadMs !== 0) world.setClock(hostOf(place), clock, 0)
    for (const { victim } of this.#programs) victim.machine.resume()
  }

  /** One answer at the most; none when the request or the answer was lost, or the process died. */
  ask(asked: Asked, reply: (reply: Reply) => void): void {
    this.#carry<Reply>(
      (program, answer) => program.ask(asked, (exit) => answer(this.#replyOf(exit))),
      { _tag: "Silence" },
      reply
    )
  }

  /** The same for product events. Who gives up waiting may hang up. */
  report(report: Report, reply: (reply: ReportReply) => void): void {
    const { world } = this.#around
    this.#carry<ReportReply>(
      (program, answer) => {
        const hangUp = program.report(report, (exit) => answer(this.#reportReplyOf(exit)))
        if (hangUp !== null && world.strikes(world.faults.answerLost)) world.time.after(world.latency(), hangUp)
        return hangUp !== null
      },
      { _tag: "Silence" },
      reply
    )
  }

  #carry<A>(reach: (program: Program, answer: (answer: A) => void) => boolean, silence: A, reply: (answer: A) => void) {
    const { world } = this.#around
    const { answerLost, commandLate, commandRepeated, requestLost } = world.faults
    let open = true
    const hear = (answer: A) => {
      if (!open) return
      open = false
      reply(answer)
    }
    const carry = (delayMs: number) =>
      void world.time.after(delayMs, () => {
        const program = this.#programs[world.dice.between(0, this.#programs.length - 1)]
        const answered = (answer: A) => {
          if (!world.strikes(answerLost)) world.time.after(world.latency(), () => hear(answer))
        }
        const reached = program !== undefined && reach(program, answered)
        if (!reached) world.time.after(world.latency(), () => hear(silence))
      })
    if (!world.strikes(requestLost)) carry(world.strikes(commandLate) ? world.dice.between(10, 4_000) : world.latency())
    if (world.strikes(commandRepeated)) carry(world.dice.between(0, 2_000))
    world.time.after(world.dice.between(2_000, 8_000), () => hear(silence))
  }

  #replyOf(exit: Parameters<Parameters<Program["ask"]>[1]>[0]): Reply {
    if (Exit.isSuccess(exit)) return { _tag: "Accepted", answer: exit.value }
    const refusal = Cause.findErrorOption(exit.cause)
    if (refusal._tag === "Some") return { _tag: "Refused", refusal: refusal.value }
    if (!Cause.hasInterruptsOnly(exit.cause))
      this.#around.world.violate("nobody is answered by a defect", Cause.pretty(exit.cause))
    return { _tag: "Silence" }
  }

  #reportReplyOf(exit: Parameters<Parameters<Program["report"]>[1]>[0]): ReportReply {
    if (Exit.isSuccess(exit)) return { _tag: "Answered", ...exit.value }
    const refusal = Cause.findErrorOption(exit.cause)
    if (refusal._tag === "Some") return { _tag: "Refused", tag: refusal.value._tag }
    if (!Cause.hasInterruptsOnly(exit.cause))
      this.#around.world.violate("nobody is answered by a defect", Cause.pretty(exit.cause))
    return { _tag: "Silence" }
  }

  #start(place: number): void {
    const { mutation, world } = this.#around
    const clock = this.#clocks[place]
    if (clock === undefined || world.isDark || this.#programs[place]?.victim.machine.alive === true) return
    const machine = world.machine(`worker-${++this.#started}`, clock, mutation.oneClock === true)
    world.note(machine.name, "starts")
    this.#programs[place] = new Program(this.#around, this.#victim(machine, place))
  }

  #restart(place: number, withinMs: number): void {
    const { world } = this.#around
    world.time.after(world.dice.between(5, world.quiet ? 1_000 : withinMs), () => this.#start(place))
  }

  #victim(machine: Machine, place: number): Victim {
    const { world } = this.#around
    let ending = false
    const crash = () => {
      if (!machine.alive) return
      // Every death costs lease times: a bound keeps a world from doing nothing else.
      if (++this.#deaths > 12) return
      if (!ending && world.strikes(world.faults.orderlyStop)) {
        ending = true
        return this.#end(machine, place)
      }
      world.note(machine.name, "is killed")
      world.remove(machine)
      if (!ending) this.#restart(place, 15_000)
    }
    const stall = () => {
      if (machine.state !== "running") return
      const forMs = world.dice.pick([50, 2_000, 9_000, 16_000, 25_000, 40_000])
      world.note(machine.name, `stands still for ${forMs} ms`)
      machine.pause()
      world.slept(machine.name)
      world.time.after(forMs, () => {
        if (machine.alive) world.note(machine.name, "goes on")
        machine.resume()
      })
    }
    return { machine, crash, stall }
  }

  /** In order: the scope is closed and everything may end; what takes longer than the platform waits is killed. */
  #end(machine: Machine, place: number): void {
    const { world } = this.#around
    world.note(machine.name, "is asked to end")
    world.troubled(machine.name)
    let over = false
    const gone = (how: string) => {
      if (over) return
      over = true
      world.note(machine.name, how)
      world.remove(machine)
      this.#restart(place, 3_000)
    }
    this.#programs[place]?.stop(() => gone("has ended"))
    world.time.after(10_000, () => gone("did not end and is killed"))
  }
}
