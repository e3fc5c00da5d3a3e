/** How each fault is done: it hurts its victim, waits, and sees to it that the victim is back. */
import { rm } from "node:fs/promises"
import { setTimeout as wait } from "node:timers/promises"
import type { Exit } from "./History.ts"
import type { Member } from "./Member.ts"
import type { Fault, FaultKind } from "./Plan.ts"
import type { Blow } from "./PostgresVictim.ts"
import type { ServerVictim } from "./ServerVictim.ts"
import type { Stage } from "./Stage.ts"
import { noticedMs } from "./WallClock.ts"

/** One thing at a time: whoever wants a turn waits for those before. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<A>(work: () => Promise<A>): Promise<A> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

/** Dates of answers are whole seconds, and a second old at the most. */
const datePrecisionMs = 3_000

const blowOf = ({ gently }: Fault): Blow => (gently ? "SIGQUIT" : "SIGKILL")

const kill = async (victim: Member | ServerVictim, { forMs }: Fault): Promise<void> => {
  await victim.kill()
  await wait(forMs)
  await victim.start()
}

/** Dies again while it starts. */
const killStarting = async (victim: Member, { forMs }: Fault): Promise<void> => {
  await victim.kill()
  void victim.start().catch(() => undefined)
  await wait(forMs)
  await victim.kill()
  await victim.start()
}

const pause = async (victim: Member | ServerVictim, { forMs }: Fault): Promise<void> => {
  victim.pause()
  await wait(forMs)
  victim.resume()
}

const nothing = async (): Promise<void> => undefined

export class Faults {
  readonly exits: Array<Exit> = []
  readonly #stage: Stage
  readonly #turns = new Map<string, Turns>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Resolves when the victim is back; waits first until it is no other fault's. */
  async do(fault: Fault): Promise<void> {
    const { clockMs, forMs, kind, victim } = fault
    if (kind === "clock-jump" && this.#member(fault).clock === null) return
    await this.#turnOf(fault, async () => {
      const from = Date.now()
      await this.#ways[kind](fault)
      const off = kind === "clock-jump" ? { clockMs } : {}
      this.#stage.incidents.push({ kind, victim, from, to: Date.now(), note: `${forMs} ms`, ...off })
    })
  }

  /** Everything that should be there is. */
  async heal(): Promise<void> {
    const { members, nats, postgres, redis } = this.#stage
    for (const server of [nats, postgres, redis]) server?.resume()
    for (const member of members) member.resume()
    await Promise.all([nats, redis, postgres].map((server) => server?.start()))
    await Promise.all(members.map((member) => member.start()))
  }

  #member({ victim }: Fault): Member {
    const found = this.#stage.members.find(({ name }) => name === victim)
    if (found === undefined) throw new Error(`there is no ${victim} to hurt`)
    return found
  }

  #turn(name: string): Turns {
    const known = this.#turns.get(name) ?? new Turns()
    this.#turns.set(name, known)
    return known
  }

  /** What concerns all members at once waits until nothing else hurts one. */
  #turnOf({ kind, victim }: Fault, work: () => Promise<void>): Promise<void> {
    const names = victim === "all" ? this.#stage.members.map(({ name }) => name) : [victim]
    // Taken in the order of the cast by everybody, so that nobody waits for somebody who waits for him.
    return kind === "roll" ? work() : names.reduceRight((inner, name) => () => this.#turn(name).take(inner), work)()
  }

  /** Asks it to stop, and notes how it did. */
  async quit(member: Member): Promise<void> {
    const from = Date.now()
    const code = await member.quit()
    this.exits.push({ victim: member.name, code, at: from, tookMs: Date.now() - from })
  }

  /** One after the other, as a new version is brought out; whatever else happens to each of them meanwhile. */
  async #roll({ forMs }: Fault): Promise<void> {
    for (const member of this.#stage.members) {
      await this.#turn(member.name).take(async () => {
        await this.quit(member)
        await wait(forMs)
        await member.start()
      })
    }
  }

  async #blackout({ forMs }: Fault): Promise<void> {
    await Promise.all(this.#stage.members.map((member) => member.kill()))
    await wait(forMs)
    await Promise.all(this.#stage.members.map((member) => member.start()))
  }

  async #postgresEnd(fault: Fault): Promise<void> {
    await this.#stage.postgres.end(blowOf(fault))
    await wait(fault.forMs)
    await this.#stage.postgres.start()
  }

  async #postgresRecovery(fault: Fault): Promise<void> {
    const { postgres } = this.#stage
    await postgres.end(blowOf(fault))
    await postgres.endInRecovery(fault.intoRecoveryMs, blowOf(fault))
    await wait(fault.forMs)
    await postgres.start()
  }

  async #postgresPause({ forMs }: Fault): Promise<void> {
    const { database, postgres } = this.#stage
    let answered = false
    postgres.pause()
    const asking = database.ask("select 1").then(
      () => (answered = true),
      () => undefined
    )
    await wait(forMs)
    const bitten = !answered
    postgres.resume()
    await asking
    if (!bitten) throw new Error("the database answers although all its processes are stopped")
  }

  async #clockJump(fault: Fault): Promise<void> {
    const { clock } = this.#member(fault)
    if (clock === null) return
    clock.set(fault.clockMs)
    await wait(noticedMs + fault.forMs)
    const aheadMs = await this.#aheadMs(fault)
    clock.set(0)
    await wait(noticedMs)
    if (aheadMs !== null && Math.abs(aheadMs - fault.clockMs) > datePrecisionMs)
      throw new Error(`the clock of ${fault.victim} is ${aheadMs} ms ahead and was set to ${fault.clockMs} ms`)
  }

  /** By the date that the victim gives its answers; null when it does not answer. */
  async #aheadMs(fault: Fault): Promise<number | null> {
    try {
      const { headers } = await fetch(`${this.#member(fault).address}/health`, { signal: AbortSignal.timeout(2_000) })
      return Date.parse(headers.get("date") ?? "") - Date.now()
    } catch {
      return null
    }
  }

  async #wipe({ forMs }: Fault): Promise<void> {
    const { nats, natsStore } = this.#stage
    await nats?.stop()
    await rm(natsStore, { recursive: true, force: true })
    await wait(forMs)
    await nats?.start()
  }

  readonly #ways: Readonly<Record<FaultKind, (fault: Fault) => Promise<void>>> = {
    kill: (fault) => kill(this.#member(fault), fault),
    "kill-starting": (fault) => killStarting(this.#member(fault), fault),
    pause: (fault) => pause(this.#member(fault), fault),
    "short-pause": (fault) => pause(this.#member(fault), fault),
    roll: (fault) => this.#roll(fault),
    blackout: (fault) => this.#blackout(fault),
    "postgres-end": (fault) => this.#postgresEnd(fault),
    "postgres-recovery": (fault) => this.#postgresRecovery(fault),
    "postgres-pause": (fault) => this.#postgresPause(fault),
    "clock-jump": (fault) => this.#clockJump(fault),
    "nats-kill": (fault) => this.#server("nats", (nats) => kill(nats, fault)),
    "nats-wipe": (fault) => this.#wipe(fault),
    "nats-pause": (fault) => this.#server("nats", (nats) => pause(nats, fault)),
    "redis-kill": (fault) => this.#server("redis", (redis) => kill(redis, fault)),
    "redis-pause": (fault) => this.#server("redis", (redis) => pause(redis, fault))
  }

  #server(name: "nats" | "redis", hurt: (server: ServerVictim) => Promise<void>): Promise<void> {
    const server = this.#stage[name]
    return server === null ? nothing() : hurt(server)
  }
}
