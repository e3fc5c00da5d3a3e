/** An Orchestrator that answers as it is told and remembers what it was asked. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { EpochMillis, WorkerId } from "@dueline/contracts/Ids"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import * as Sample from "@dueline/port-contracts/Sample"
import { Clock, Effect, Layer } from "effect"
import type { FreePlaces } from "../src/WorkerCapacity.ts"

export const worker = WorkerId.make("worker-1")

export interface Asked {
  readonly envelope: Envelope<ServiceCallCommand>
  /** What the clock said when it was asked, epoch ms. */
  readonly at: number
}

type Reply = (envelope: Envelope<ServiceCallCommand>, nth: number) => Effect.Effect<Answer, Refusal>

export class Scripted {
  readonly asked: Array<Asked> = []
  readonly layer: Layer.Layer<Orchestrator>

  constructor(reply: Reply) {
    const ask = (envelope: Envelope<ServiceCallCommand>) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        this.asked.push({ envelope, at })
        return reply(envelope, this.asked.length)
      })
    this.layer = Layer.effect(Orchestrator, Orchestrator.ofCalls(ask))
  }

  get commands(): ReadonlyArray<ServiceCallCommand> {
    return this.asked.map(({ envelope }) => envelope.command)
  }
}

const answer = (outcome: Answer["outcome"]): Effect.Effect<Answer> =>
  Effect.succeed({ version: 2, replayed: false, outcome })

export const answerStarted = ({ at, callId }: ServiceCallCommand) =>
  answer({ _tag: "Started", callId, status: "Running", dueAt: at, attempt: 1, epoch: 1 })
const started: Reply = ({ command }) => answerStarted(command)
export const ignored: Reply = ({ command: { at, callId } }) =>
  answer({ _tag: "Ignored", callId, status: "Cancelled", dueAt: at, attempt: 0 })
export const recorded: Reply = ({ command: { callId } }) =>
  answer({ _tag: "Recorded", callId, status: "Scheduled", dueAt: EpochMillis.make(0), attempt: 1 })

/** The places of one executor: some are running, the rest are free. */
export class Floor implements FreePlaces {
  private readonly listeners: Array<() => void> = []
  private readonly capacity: number
  running = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  readonly free = (): number => this.capacity - this.running
  readonly each: FreePlaces["each"] = (see) => see(worker, this.free())
  readonly onFree = (listener: () => void): void => {
    this.listeners.push(listener)
  }

  /** An attempt has come to its end. */
  done(count = 1): void {
    this.running -= count
    for (const listener of this.listeners) listener()
  }

  /** Answers that the call has started, once it has been given its place. */
  readonly start: Reply = (envelope, nth) =>
    Effect.suspend(() => {
      this.running += 1
      return started(envelope, nth)
    })
}

export const alarm = (dueAt: number, of: Sample.Target = Sample.target(), revision = 1): Alarm => ({
  tenantId: of.tenantId,
  callId: of.callId,
  revision,
  dueAt,
  target: Sample.host
})
