/** One run of the load proof, from an empty home to what is there when every event has ended. */
import { Courier } from "@dueline/simulation/clients/Courier"
import { Dice } from "@dueline/simulation/world/Dice"
import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { newHome, removeHome, startSubject, type Subject } from "../Subject.ts"
import { now } from "../Target.ts"
import { bareInserts } from "./bareInserts.ts"
import { CourierClient } from "./CourierClient.ts"
import type { Evidence, Phase, Sent } from "./Evidence.ts"
import { makeOrders, makeSource, readEvidence, isUnfinished } from "./field.ts"
import { plan, type Shape } from "./plan.ts"

export interface ProofOptions {
  readonly seed: number
  /** Requests a second: steady and in the phase of faults, and in volleys. */
  readonly rate: number
  readonly burst: number
  /** Requests under way at once, and in one volley. */
  readonly concurrency: number
  readonly duplicates: number
  /** Of each phase. */
  readonly seconds: number
  readonly phases: ReadonlyArray<Phase>
  readonly say: (line: string) => void
}

/** Rates of the fast phase, and of rows inserted by themselves in the same run. */
export interface Pace {
  readonly acknowledgements: number
  readonly ended: number
  readonly bareInserts: number
}

export interface ProofRun {
  readonly evidence: Evidence
  readonly began: ReadonlyMap<Phase, number>
  readonly pace: Pace | null
}

/** How long all events may take to end when nothing is sent any more. */
const restLimitMs = 120_000
const bareSeconds = 3

/** A process of the database server that writes for the program: when it is killed, PostgreSQL ends them all and recovers from its log. */
const killWriterSession = ({ postmaster }: Subject): void => {
  const isWriter = (pid: string): boolean => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8")
      const parent = Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1])
      return parent === postmaster && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dueline_writer")
    } catch {
      return false
    }
  }
  const pid = readdirSync("/proc").find((name) => /^\d+$/u.test(name) && isWriter(name))
  if (pid === undefined) throw new Error("the database has no session of the writer")
  process.kill(Number(pid), "SIGKILL")
}

class Run {
  readonly #options: ProofOptions
  readonly #home = newHome()
  readonly #dice: Dice
  readonly #sent: Array<Sent> = []
  readonly #began = new Map<Phase, number>()
  #pace: Pace | null = null

  constructor(options: ProofOptions) {
    this.#options = options
    this.#dice = new Dice(options.seed)
  }

  /** Orders are made by the hundred here, which nobody does by hand: no limit on their rate. */
  #start = (): Promise<Subject> => startSubject(this.#home, [], { DUELINE_RATE_LIMITS: "orders=off" })

  async toEnd(): Promise<ProofRun> {
    const { concurrency, phases, rate, say, seconds } = this.#options
    let subject = await this.#start()
    try {
      const source = await makeSource(subject, "proof")
      const orders = await makeOrders(subject, Math.ceil((rate * seconds * phases.length) / 20))
      say(`ready: ${orders.length} orders`)
      const client = new CourierClient(subject.address, source, concurrency)
      const courier = new Courier(this.#dice.fork("courier"), { name: "P", orders, at: Date.now() })
      for (const phase of phases) {
        this.#began.set(phase, now())
        say(`${phase} begins`)
        if (phase === "fast") await this.#fast(subject, client, courier)
        else if (phase === "recovery") subject = await this.#recovery(subject, client, courier)
        else await this.#keep(client.run(phase, this.#plan(phase, courier)))
        await this.#rest(subject)
      }
      await client.close()
      say("reading what is there")
      return { evidence: await readEvidence(subject, this.#sent), began: this.#began, pace: this.#pace }
    } finally {
      await subject.stop("SIGTERM")
      removeHome(this.#home)
    }
  }

  #plan(phase: Phase, courier: Courier) {
    const { burst, concurrency, duplicates, rate, seconds } = this.#options
    const shape: Shape =
      phase === "burst"
        ? { rate: burst, seconds, duplicates, volley: concurrency }
        : { rate, seconds, duplicates, volley: 1 }
    return plan(this.#dice.fork(phase), courier, shape)
  }

  async #keep(sending: Promise<ReadonlyArray<Sent>>): Promise<void> {
    this.#sent.push(...(await sending))
  }

  /** The database crashes after a third of the time, the program is killed after two. */
  async #recovery(subject: Subject, client: CourierClient, courier: Courier): Promise<Subject> {
    const { say, seconds } = this.#options
    const sending = this.#keep(client.run("recovery", this.#plan("recovery", courier)))
    await pause((seconds * 1_000) / 3)
    say("a session of the database is killed")
    killWriterSession(subject)
    await pause((seconds * 1_000) / 3)
    say("the program is killed")
    await subject.stop("SIGKILL")
    const next = await this.#start()
    client.moveTo(next.address)
    await sending
    return next
  }

  /** Bare inserts before and after, so that what the machine does meanwhile falls on both. */
  async #fast(subject: Subject, client: CourierClient, courier: Courier): Promise<void> {
    const { concurrency, say, seconds } = this.#options
    const next = () => courier.next()
    // What has just started runs code that is not compiled yet.
    await this.#keep(client.flood("fast", Math.min(3_000, seconds * 500), next))
    await this.#rest(subject)
    const before = await bareInserts(subject, concurrency, bareSeconds)
    const from = now()
    const sent = await client.flood("fast", seconds * 1_000, next)
    const acknowledgedMs = now() - from
    await this.#rest(subject)
    const endedMs = now() - from
    const after = await bareInserts(subject, concurrency, bareSeconds)
    this.#sent.push(...sent)
    const rateIn = (ms: number) => sent.length / (ms / 1_000)
    this.#pace = {
      acknowledgements: rateIn(acknowledgedMs),
      ended: rateIn(endedMs),
      bareInserts: (before + after) / 2
    }
    say(`${Math.round(this.#pace.acknowledgements)} acknowledged a second`)
  }

  async #rest(subject: Subject): Promise<void> {
    const until = now() + restLimitMs
    while ((await isUnfinished(subject)) && now() < until) await pause(100)
  }
}

export const prove = (options: ProofOptions): Promise<ProofRun> => new Run(options).toEnd()
