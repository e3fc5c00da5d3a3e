/**
 * Looks at calls with a pending key: of a key no two are pending together, what a submission does to the one that is follows from its own terms, the answer says
 * that, and what leaves is what was put last. What was asked for is known from those who asked.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { AnyAnswer } from "@dueline/contracts/ports/Orchestrator"
import type { Asked } from "../checks/AnswerCheck.ts"
import type { CallModel } from "../checks/CallModel.ts"
import { keyOf } from "../checks/Streams.ts"
import type { Command } from "@dueline/contracts/kinds"
import type { World } from "../world/World.ts"

type Submission = Extract<Command, { readonly _tag: "SubmitServiceCall" }>

interface Known {
  readonly model: CallModel
  /** The version at which it had begun, or ended. */
  begunAt: number | null
}

/** What a submission came to in the log. */
interface Done {
  readonly callId: string
  readonly type: string
}

const isOne = "of a pending key there is one"
const asAsked = "a submission does to a pending key what it says"
const saysSo = "an answer says what became of a pending key"
const last = "what leaves is what was put last"

const becameOf = { ServiceCallReplaced: "replaced", ServiceCallRescheduled: "moved" } as const

export class PendingCheck {
  readonly #world: World
  readonly #asked = new Map<string, Submission>()
  readonly #done = new Map<string, Done>()
  readonly #calls = new Map<string, Map<string, Known>>()

  constructor(world: World) {
    this.#world = world
  }

  /** Somebody asks for this under that id of a command. */
  asks(commandId: string, command: Command): void {
    if (command._tag === "SubmitServiceCall" && command.pending !== undefined) this.#asked.set(commandId, command)
  }

  callsOf(tenantId: string): ReadonlyArray<string> {
    return [...(this.#calls.get(tenantId)?.keys() ?? [])]
  }

  /** A call has an event more. */
  happened(tenantId: string, callId: string, model: CallModel, recorded: RecordedEvent): void {
    const key = model.spec?.pending?.key
    if (key === undefined) return
    const calls = this.#calls.get(tenantId) ?? new Map<string, Known>()
    this.#calls.set(tenantId, calls)
    const one = calls.get(callId) ?? { model, begunAt: null }
    calls.set(callId, one)
    if (!model.isPending) one.begunAt ??= recorded.version
    for (const [other, { model: before }] of calls) {
      if (other !== callId && before.isPending && model.isPending && before.spec?.pending?.key === key)
        this.#world.violate(isOne, `${keyOf(tenantId, key)}: ${other} and ${callId}`)
    }
    this.#judge(callId, model, recorded)
  }

  #judge(callId: string, model: CallModel, { metadata: { commandId }, type }: RecordedEvent): void {
    const asked = this.#asked.get(commandId)
    if (asked === undefined) return
    const what = `${commandId} made ${type} of ${callId}`
    if (this.#done.has(commandId)) return this.#world.violate(asAsked, `${what}, and something else before`)
    this.#done.set(commandId, { callId, type })
    const { onConflict } = asked.pending ?? {}
    const becomes = { keep: null, replace: "ServiceCallReplaced", debounce: "ServiceCallRescheduled" } as const
    if (type !== "ServiceCallSubmitted" && type !== becomes[onConflict ?? "keep"])
      return this.#world.violate(asAsked, `${what}, asked to ${onConflict ?? ""}`)
    const isMoved = type === "ServiceCallRescheduled"
    const dueAt = isMoved ? this.#movedTo(asked, model) : asked.dueAt
    if (model.dueAt !== dueAt) this.#world.violate(asAsked, `${what}: due at ${model.dueAt}, not ${dueAt}`)
    const url = model.spec?.request.url
    if (!isMoved && url !== asked.spec.request.url) this.#world.violate(asAsked, `${what}: ${url ?? ""}`)
  }

  #movedTo({ dueAt, pending }: Submission, { submittedAt }: CallModel): number {
    const longest = pending?.longestWaitMs ?? null
    return longest === null ? dueAt : Math.min(dueAt, submittedAt + longest)
  }

  answered({ command, commandId, tenantId }: Asked, { outcome, version }: AnyAnswer): void {
    if (command._tag !== "SubmitServiceCall" || command.pending === undefined || outcome._tag !== "Submitted") return
    const one = this.#calls.get(tenantId)?.get(command.callId)
    const became = "pending" in outcome ? outcome.pending : undefined
    const done = this.#done.get(commandId)
    const told = `${commandId} is answered ${became ?? "submitted"} as ${command.callId}`
    if (one === undefined) return this.#world.violate(saysSo, `${told}, which is not there`)
    if (done !== undefined) {
      const is = done.type === "ServiceCallSubmitted" ? undefined : becameOf[done.type as keyof typeof becameOf]
      if (is !== became || done.callId !== command.callId)
        this.#world.violate(saysSo, `${told}, and made ${done.type} of ${done.callId}`)
      return
    }
    const stays = command.pending.onConflict === "debounce" ? this.#movedTo(command, one.model) : outcome.dueAt
    const mayBeKept = command.pending.onConflict !== "replace" && stays === outcome.dueAt
    if (became !== "kept" || !mayBeKept || version >= (one.begunAt ?? Number.POSITIVE_INFINITY))
      this.#world.violate(saysSo, `${told} at ${version}, and did nothing`)
  }

  /** A request has left. */
  left(tenantId: string, callId: string, url: string): void {
    const put = this.#calls.get(tenantId)?.get(callId)?.model.spec?.request.url
    if (put !== undefined && put !== url) this.#world.violate(last, `${callId} sends ${url}, not ${put}`)
  }
}
