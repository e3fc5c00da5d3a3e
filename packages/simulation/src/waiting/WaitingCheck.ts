/**
 * Looks at calls that begin: none that a pause holds, none too many of a flow, none sooner than a release or a rate allows. What a pause is about
 * is worked out from the calls' terms here, and what a flow has under way from the log.
 */
import { PauseEvent, type PauseId } from "@dueline/contracts/pause/Pause"
import type { Spec } from "@dueline/contracts/serviceCall/Spec"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Schema } from "effect"
import type { CallModel } from "../checks/CallModel.ts"
import { type CheckedStream, Streams } from "../checks/Streams.ts"
import type { World } from "../world/World.ts"

/** How long a process may not know of a pause that was made while it lived: it looks that often, and an answer takes a while. */
const knownWithinMs = 5_000 + 8_000

interface CheckedPause extends CheckedStream {
  readonly of: string
  readonly key: string | null
  readonly since: number
  /** When it was resumed, by the clock that its command went by, and in the world's time. */
  resumed: { readonly at: number; readonly since: number; readonly perSecond: number | null } | null
  /** It was resumed at no rate once: what was let go of then is not held again by a rate that is asked for after it. */
  letGo: boolean
  /** Calls that waited for it and have begun since it was resumed at a rate. */
  readonly released: Set<string>
}

/** Calls of one flow that have begun. */
interface Line {
  readonly running: Map<string, { readonly model: CallModel; readonly worker: string }>
  first: number
  begun: number
}

const holdsOver = ({ key, of }: CheckedPause, { flow, request, tags }: Spec): boolean => {
  switch (of) {
    case "target":
      return new URL(request.url).host === key
    case "flow":
      return flow?.key === key
    case "tag":
      return tags.includes(key ?? "")
    default:
      return true
  }
}

export class WaitingCheck {
  readonly pauses: Streams<"pause", PauseEvent, CheckedPause>
  readonly #world: World
  readonly #specs = new Map<string, Spec>()
  readonly #lines = new Map<string, Line>()

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.pauses = new Streams(world, store, {
      kind: "pause",
      decode: Schema.decodeUnknownSync(PauseEvent),
      detail: (event) => (event._tag === "PauseCreated" ? event.of : ""),
      begin: (of, first): CheckedPause => {
        if (first._tag !== "PauseCreated") throw new Error(`a pause begins with ${first._tag}`)
        return {
          ...of,
          of: first.of,
          key: first.key,
          since: world.time.now,
          resumed: null,
          letGo: false,
          released: new Set()
        }
      },
      apply: (one, event, { recordedAt }) => {
        if (event._tag === "PauseCreated") return one.version === 0 ? null : "twice"
        const at = one.resumed?.at ?? recordedAt
        one.letGo ||= event.releasePerSecond === null
        one.resumed = { at, since: one.resumed?.since ?? world.time.now, perSecond: event.releasePerSecond }
        return null
      },
      shown: ({ resumed, version }, row) => [
        [version, resumed === null ? "Active" : "Resumed", resumed?.perSecond ?? null],
        [row?.version, row?.status, row?.releasePerSecond]
      ]
    })
  }

  submitted(callId: string, spec: Spec): void {
    this.#specs.set(callId, spec)
  }

  started(tenantId: string, callId: string, model: CallModel): void {
    const spec = this.#specs.get(callId)
    const { dueAt: wakeAt = 0, worker = "" } = model.started.get(model.epoch) ?? {}
    if (spec === undefined) return
    for (const pause of this.pauses.all()) {
      if (pause.tenantId === tenantId && holdsOver(pause, spec)) this.#judge(pause, callId, worker, wakeAt)
    }
    if (spec.flow !== undefined) this.#inLine(tenantId, callId, { model, worker }, spec.flow)
  }

  #judge(pause: CheckedPause, callId: string, worker: string, wakeAt: number): void {
    const { key, letGo, of, released, resumed, since, streamId } = pause
    const { now } = this.#world.time
    const what = `${callId} by ${worker}, ${of} ${key ?? ""} of ${streamId}`
    if (resumed === null) {
      const knew = this.#world.startedAt(worker) > since
      // Who lived when it was made hears of it, or looks; unless it stood still or was not answered.
      const mayNotKnow = !knew && (now - since < knownWithinMs || !this.#world.neverFailed(worker))
      if (!mayNotKnow) this.#world.violate("nothing starts that a pause holds", `${what}, ${now - since} ms later`)
      return
    }
    const { at, perSecond, since: resumedAt } = resumed
    if (perSecond === null || letGo || wakeAt > at || released.has(callId)) return
    released.add(callId)
    const burst = Math.max(1, perSecond / 10) * this.#world.startsAndSteps
    const may = Math.ceil(((now - resumedAt) / 1_000) * perSecond + burst)
    if (released.size > may)
      this.#world.violate("a release keeps its rate", `${what}: ${released.size} in ${now - resumedAt} ms`)
  }

  #inLine(
    tenantId: string,
    callId: string,
    started: { readonly model: CallModel; readonly worker: string },
    flow: NonNullable<Spec["flow"]>
  ): void {
    const { now } = this.#world.time
    const name = `${tenantId}/${flow.key}`
    const line = this.#lines.get(name) ?? { running: new Map(), first: now, begun: 0 }
    this.#lines.set(name, line)
    for (const [id, { model }] of line.running) if (model.status !== "Running") line.running.delete(id)
    line.running.set(callId, started)
    line.begun += 1
    // A start that was recorded more than 30 s after its place was granted may be one too many.
    const late = [...line.running.values()].some(({ worker }) => this.#world.hasSlept(worker))
    const { concurrency = Number.POSITIVE_INFINITY, ratePerSecond } = flow
    if (line.running.size > concurrency && !late)
      this.#world.violate("a flow has its places", `${name}: ${line.running.size} of ${concurrency} with ${callId}`)
    const may = ratePerSecond === undefined ? line.begun : 1 + ((now - line.first) / 1_000) * ratePerSecond
    // The first was granted some time before it was recorded.
    if (line.begun > Math.ceil(may + (ratePerSecond ?? 0) * 15))
      this.#world.violate("a flow keeps its rate", `${name}: ${line.begun} in ${now - line.first} ms`)
  }

  /** Pauses of the tenant that hold. */
  readonly holding = (tenantId: string): ReadonlyArray<PauseId> =>
    this.pauses
      .all()
      .filter((one) => one.tenantId === tenantId && one.resumed === null)
      .map(({ streamId }) => streamId as string as PauseId)

  unfinished(): ReadonlyArray<string> {
    return this.pauses.all().flatMap(({ resumed, streamId }) => (resumed === null ? [`${streamId} is paused`] : []))
  }
}
