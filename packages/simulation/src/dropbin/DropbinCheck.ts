/** Looks at payloads after every write: each becomes the one order that was asked for, or fails for a reason that there was. */
import type { DropbinFailureCode } from "@dueline/contracts/ingestion/Dropbin"
import { IngestionEvent, type IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { TenantId } from "@dueline/contracts/Ids"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import { type Facts, isActive, isOrder, type OpsCheck, wasSince } from "../checks/OpsCheck.ts"
import { type CheckedStream, keyOf, sliceOf } from "../checks/Streams.ts"
import type { World } from "../world/World.ts"
import { fetchPolicy, type Payload, type PayloadKind } from "./Payload.ts"
import type { PayloadHost } from "./PayloadHost.ts"

const decode = Schema.decodeUnknownSync(IngestionEvent)

interface CheckedPayload extends CheckedStream {
  readonly payload: Payload
  /** Epoch milliseconds: before that nobody knew of it. */
  readonly sentAt: number
  status: "Received" | "Processing" | "Completed" | "Failed"
  retries: number
  /** At some time. */
  failed: boolean
  /** When it failed. An order may land later: by a commit that the writer had given up. A replay of the failure then finds it. */
  hadOrder: boolean
  code: DropbinFailureCode | null
}

const becomesOrder: ReadonlySet<PayloadKind> = new Set(["inline", "served"])

/** What is wrong with a payload itself, by its kind. */
const ownFailure: Readonly<Partial<Record<PayloadKind, DropbinFailureCode>>> = {
  changed: "payload_digest_wrong",
  missing: "payload_refused",
  unreadable: "payload_invalid",
  forbidden: "payload_host_refused"
}

export class DropbinCheck {
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  readonly #ops: OpsCheck
  readonly #host: PayloadHost
  readonly #sent = new Map<string, Omit<CheckedPayload, "streamId">>()
  readonly #payloads = new Map<string, CheckedPayload>()

  constructor(world: World, store: MemoryStore["Service"], ops: OpsCheck, host: PayloadHost) {
    this.#world = world
    this.#store = store
    this.#ops = ops
    this.#host = host
  }

  get streams(): number {
    return this.#payloads.size
  }

  find(tenantId: string, streamId: string): CheckedPayload | undefined {
    return this.#payloads.get(keyOf(tenantId, streamId))
  }

  sent(payload: Payload): void {
    const { ingestionId, tenantId } = payload
    const begun = {
      version: 0,
      status: "Received",
      retries: 0,
      failed: false,
      hadOrder: false,
      code: null,
      endings: []
    } as const
    const one = { ...begun, tenantId, payload, sentAt: this.#world.time.now, endings: [] }
    this.#sent.set(keyOf(tenantId, ingestionId), one)
  }

  wasSent({ streamId, tenantId }: Pick<Commit, "streamId" | "tenantId">): boolean {
    return this.#sent.has(keyOf(tenantId, streamId))
  }

  look({ streamId, tenantId }: Pick<Commit, "streamId" | "tenantId">): CheckedPayload {
    const key = keyOf(tenantId, streamId)
    const sent = this.#sent.get(key)
    if (sent === undefined) throw new Error(`nobody sent ${key}`)
    const one = this.#payloads.get(key) ?? { ...sent, streamId }
    this.#payloads.set(key, one)
    const slice = sliceOf(this.#store, { tenantId, streamId })
    for (const { eventId, payload, version } of slice?.events.slice(one.version) ?? []) {
      this.#replay(one, decode(payload), version, eventId)
    }
    this.#compare(one, slice?.sealed ?? null)
    return one
  }

  #replay(one: CheckedPayload, event: IngestionEvent, version: number, eventId: string): void {
    const { _tag } = event
    const wrong = (what: string) => this.#world.violate("the log obeys the rules", `${one.streamId} ${_tag}: ${what}`)
    const code = _tag === "IngestionFailed" ? (event.failure?.code ?? "no code") : ""
    this.#world.note("log", `${one.streamId.slice(0, 8)} ${version} ${_tag} ${code}`.trimEnd())
    if ((_tag === "DropbinReceived") !== (version === 1)) wrong(`is event ${version}`)
    // An order that another look has made is stronger than a failure.
    const isOver = one.status === "Completed" || (one.status === "Failed" && _tag !== "IngestionCompleted")
    if (isOver) wrong(`after it was ${one.status}`)
    if (_tag !== "IngestionRetried") one.endings.push(eventId)
    one.version = version
    if (_tag === "IngestionRetried") {
      one.status = "Processing"
      one.retries += 1
      if (one.retries >= fetchPolicy.attempts) wrong(`tried again ${one.retries} times`)
    } else if (_tag === "IngestionCompleted") {
      one.status = "Completed"
      one.code = null
      if (event.orderId !== one.payload.orderId) wrong(`by the order ${event.orderId}`)
    } else if (_tag === "IngestionFailed") {
      one.status = "Failed"
      one.failed = true
      one.hadOrder = this.#ops.find(one.tenantId, one.payload.orderId) !== undefined
      one.code = event.failure?.code ?? null
      if (!this.#explained(one)) {
        const { kind } = one.payload
        this.#world.violate("a payload fails for a reason that there was", `${one.streamId} ${kind}: ${code}`)
      }
    }
  }

  /** Whether there was that reason, at some moment since it was sent. */
  #explained({ code, payload, sentAt, tenantId }: CheckedPayload): boolean {
    const { asked, kind } = payload
    const was = (id: string): ReadonlyArray<Facts> => wasSince(this.#ops.find(tenantId, id), sentAt)
    const wasMissing = (id: string) => (this.#ops.find(tenantId, id)?.past[0]?.since ?? sentAt) >= sentAt
    switch (code) {
      case "payload_unreachable":
        return this.#host.troubles(payload) >= fetchPolicy.attempts
      case "customer_unfit":
        return (
          becomesOrder.has(kind) &&
          (wasMissing(asked.customerId) || was(asked.customerId).some(({ status }) => status === "Erased"))
        )
      case "bin_unfit":
        return (
          becomesOrder.has(kind) &&
          (wasMissing(asked.binId) ||
            was(asked.binId).some(
              ({ customerId, status }) =>
                status !== "Active" || (customerId !== null && customerId !== asked.customerId)
            ))
        )
      case "schedule_conflict":
        return becomesOrder.has(kind) && this.#held(payload, tenantId, sentAt)
      default:
        return code !== null && ownFailure[kind] === code
    }
  }

  /** Whether another order had its bin in its hours. */
  #held({ asked: { binId, window }, orderId }: Payload, tenantId: TenantId, since: number): boolean {
    return [...this.#ops.streams.values()]
      .filter((other) => other.tenantId === tenantId && other.streamId !== String(orderId))
      .flatMap((other) => wasSince(other, since))
      .some((facts) => {
        if (!isOrder(facts) || !isActive(facts) || facts.binId !== binId || facts.window === null) return false
        return facts.window.from < window.to && window.from < facts.window.to
      })
  }

  #compare(one: CheckedPayload, sealed: string | null): void {
    const { code, failed, payload, retries, status, streamId, tenantId, version } = one
    const find = this.#store.opsQueries.find("ingestion", tenantId, streamId as string as IngestionId)
    const row = Effect.runSync(Effect.orDie(find))
    const shown = [row?.version, row?.status, row?.failures, row?.endedAt !== null, row?.dropbin?.dueAt === null]
    const ended = status === "Completed" || status === "Failed"
    const failures = retries + (failed ? 1 : 0)
    const result = [row?.dropbin?.orderId, row?.dropbin?.failure?.code ?? null]
    const expected = [version, status, failures, ended, ended]
    const expectedResult = [status === "Completed" ? payload.orderId : null, code]
    if (String([...shown, ...result]) !== String([...expected, ...expectedResult]))
      this.#world.violate(
        "the row equals the fold of the log",
        `payload ${streamId}: ${String([...shown, ...result])}, expected ${String([...expected, ...expectedResult])}`
      )
    if ((sealed === null) !== (status === "Completed"))
      this.#world.violate("what came in is kept", `payload ${streamId} is ${status} and has ${sealed}`)
  }

  /** What is true of payloads and orders together, whatever was written last; `atRest`: and once nothing more will be. */
  judge(atRest: boolean): void {
    const made = Map.groupBy(
      [...this.#ops.streams.values()].filter(({ commands }) => commands[0]?.startsWith("dropbin:")),
      ({ commands, tenantId }) => keyOf(tenantId, commands[0]?.split(":")[1] ?? "")
    )
    for (const [key, [order, ...others]] of made) {
      const one = this.#payloads.get(key)
      const wrong = (what: string) => this.#world.violate("a payload becomes one order", `${key}: ${what}`)
      if (one === undefined || order === undefined) return wrong("an order of a payload that nobody sent")
      const { asked, kind, orderId } = one.payload
      if (others.length > 0 || order.streamId !== String(orderId)) return wrong(`${1 + others.length} orders`)
      if (atRest && one.status === "Failed" && one.hadOrder) return wrong(`has an order and failed by ${one.code}`)
      const first = order.past[0]?.facts
      const same = JSON.stringify([first?.binId, first?.customerId, first?.items, first?.window])
      if (
        same !== JSON.stringify([asked.binId, asked.customerId, asked.items, asked.window]) ||
        !becomesOrder.has(kind)
      )
        return wrong(`another order than was sent, ${kind}: ${same}`)
    }
    for (const [key, { status }] of this.#payloads)
      if (status === "Completed" && !made.has(key))
        this.#world.violate("a payload becomes one order", `${key} is Completed without an order`)
  }

  /** Payloads that have not ended, in words. */
  unfinished(): ReadonlyArray<string> {
    return [...this.#payloads.values()]
      .filter(({ status }) => status === "Received" || status === "Processing")
      .map(({ payload, status, streamId }) => `payload ${streamId} (${payload.kind}) is ${status}`)
  }
}
