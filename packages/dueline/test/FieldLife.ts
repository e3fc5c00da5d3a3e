/** Customers, bins, orders and calls whose life is drawn from a seed and asked of real writers: what the log and the rows are made of. */
import type { Command } from "@dueline/contracts/kinds"
import {
  BinId,
  CommandId,
  CorrelationId,
  CustomerId,
  EpochMillis,
  OrderId,
  ServiceCallId,
  TenantId,
  WorkerId
} from "@dueline/contracts/Ids"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { Effect } from "effect"

const t0 = 1_893_456_000_000
const origin = { correlationId: CorrelationId.make("life"), traceparent: null }
const worker = WorkerId.make("worker-1")

const uuid = (kind: string, n: number): string => `00000000-0000-7000-8000-${kind}${n.toString(16).padStart(8, "0")}`

/** Numbers from 0 to below 1, the same ones from the same seed (mulberry32). */
const diceOf = (seed: number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class FieldLife {
  readonly tenantId: TenantId
  readonly #dice: () => number
  readonly #size: number
  #count = 0

  /** `size` of each kind; a new tenant for each `number`. */
  constructor(number: number, seed: number, size: number) {
    this.tenantId = TenantId.make(uuid("a000", number))
    this.#dice = diceOf(seed)
    this.#size = size
  }

  bin = (n: number): BinId => BinId.make(uuid("b000", n))
  customer = (n: number): CustomerId => CustomerId.make(uuid("c000", n))
  order = (n: number): OrderId => OrderId.make(uuid("0d00", n))
  call = (n: number): ServiceCallId => ServiceCallId.make(uuid("ca11", n))

  #below(n: number): number {
    return Math.floor(this.#dice() * n)
  }

  #pick<A>(...items: ReadonlyArray<A>): A {
    return items[this.#below(items.length)] as A
  }

  #customers(at: EpochMillis): Command {
    const customerId = this.customer(this.#below(this.#size))
    const profile = { fields: ["name"], sealed: `key.${this.#below(99)}` } as const
    return this.#pick<() => Command>(
      () => ({ _tag: "RegisterCustomer", customerId, at, ...profile, fingerprint: null, origin }),
      () => ({ _tag: "UpdateCustomer", customerId, at, ...profile }),
      () =>
        this.#below(4) === 0
          ? { _tag: "EraseCustomer", customerId, at }
          : { _tag: "UpdateCustomer", customerId, at, ...profile }
    )()
  }

  #bins(at: EpochMillis): Command {
    const binId = this.bin(this.#below(this.#size))
    const location = this.#pick(null, { lat: this.#dice() * 90, lon: -this.#dice() * 180 })
    const bin = { category: this.#pick("skip", "tank"), sizeLitres: 1_000 + this.#below(9), location } as const
    const serialNumber = `SN-${this.#below(this.#size * 2)}`
    return this.#pick<() => Command>(
      () => ({
        _tag: "CreateBin",
        binId,
        at,
        bin: { ...bin, serialNumber, customerId: null },
        capacityLitres: this.#pick(null, 10),
        fingerprint: null,
        origin
      }),
      () => ({ _tag: "UpdateBin", binId, at, changes: this.#pick({ ...bin }, { serialNumber }, { location }) }),
      () => ({ _tag: "UpdateBinCapacity", binId, at, capacityLitres: this.#below(900) }),
      () =>
        this.#below(6) === 0
          ? { _tag: "RetireBin", binId, at }
          : { _tag: "UpdateBinCapacity", binId, at, capacityLitres: this.#below(900) }
    )()
  }

  #orders(at: EpochMillis): Command {
    const orderId = this.order(this.#below(this.#size * 2))
    const from = t0 + this.#below(60) * 3_600_000
    const window = { from: EpochMillis.make(from), to: EpochMillis.make(from + 3_600_000 * (1 + this.#below(3))) }
    const items = [{ material: "glass", quantity: 1 + this.#below(9), unit: "piece" }] as const
    const terms = {
      customerId: this.customer(this.#below(this.#size)),
      binId: this.bin(this.#below(this.#size)),
      kind: this.#pick("delivery", "pickup", "swap"),
      notifications: this.#pick([], [{ url: "https://example.com/😀", leadMs: 60_000 }]),
      origin
    } as const
    const create = { _tag: "CreateOrder", orderId, at, terms, items, fingerprint: null } as const
    return this.#pick<() => Command>(
      () => ({ ...create, window, schedule: true }),
      () => ({ ...create, window: this.#pick(null, window), schedule: false }),
      () => ({ _tag: "AddOrderItems", orderId, at, items: [...items] }),
      () => ({ _tag: "ScheduleOrder", orderId, at, window }),
      () => ({ _tag: "MoveOrder", orderId, at, window }),
      () => ({ _tag: "ConfirmOrder", orderId, at }),
      () => ({ _tag: this.#pick("CancelOrder", "CompleteOrder"), orderId, at })
    )()
  }

  #calls(at: EpochMillis): Command {
    const callId = this.call(this.#below(this.#size))
    const epoch = 1 + this.#below(2)
    const answered = {
      status: 200,
      durationMs: 3,
      response: { bodyBytes: 2, bodySnippet: "\0ok\ud800", truncated: false }
    }
    const url = this.#pick("https://example.com/x", "https://example.com/\0\ud800")
    const request = { method: "POST", url, headers: { b: "1", a: "2" }, bodyBytes: 2, bodySnippet: "{}" } as const
    const spec = { request, timeoutMs: 1_000, retry: defaultRetryPolicy, tags: ["a", "b:c"] }
    const submit = { _tag: "SubmitServiceCall", callId, at, spec, dueAt: at, fingerprint: null, origin } as const
    return this.#pick<() => Command>(
      () => ({ ...submit, sealed: this.#pick(null, "sealed") }),
      () => ({ _tag: "RescheduleServiceCall", callId, at, dueAt: EpochMillis.make(at + this.#below(9)) }),
      () => ({ _tag: "DueTimeReached", callId, at: EpochMillis.make(at + 99), revision: 1 + this.#below(3), worker }),
      () => ({ _tag: "DueTimeReached", callId, at: EpochMillis.make(at + 99), revision: 1, worker }),
      () => ({ _tag: "RecordSuccess", callId, at, epoch, ...answered }),
      () => ({
        _tag: "RecordFailure",
        callId,
        at,
        epoch,
        reason: "http_status",
        detail: "no",
        ...answered,
        status: 503,
        retryable: true,
        retryAfterMs: null,
        roll: 0.5
      }),
      () => ({ _tag: this.#pick("CancelServiceCall", "RerunServiceCall"), callId, at })
    )()
  }

  #draw(): Command {
    const at = EpochMillis.make(t0 + this.#count)
    return this.#pick(
      () => this.#customers(at),
      () => this.#bins(at),
      () => this.#orders(at),
      () => this.#calls(at)
    )()
  }

  /** Refusals are part of life; anything else that goes wrong is not. */
  ask = (command: Command) =>
    Effect.gen({ self: this }, function* () {
      this.#count += 1
      yield* (yield* Orchestrator).ask({
        tenantId: this.tenantId,
        commandId: CommandId.make(`${this.#count}:${command._tag}`),
        correlationId: CorrelationId.make("life"),
        actor: { kind: "system", id: "life" },
        traceparent: null,
        idempotency: null,
        expectedVersion: null,
        command
      })
    }).pipe(
      Effect.catchIf(
        ({ _tag }) => _tag !== "StoreUnavailable" && _tag !== "Overloaded",
        () => Effect.void
      )
    )

  live = (commands: number) =>
    Effect.forEach(Array.from({ length: commands }), () => Effect.suspend(() => this.ask(this.#draw())), {
      concurrency: 16,
      discard: true
    })

  /** A bin that lives long enough for a snapshot. */
  liveLong = (n: number, changes: number) =>
    Effect.gen({ self: this }, function* () {
      const [binId, at] = [this.bin(n), EpochMillis.make(t0)]
      const bin = {
        serialNumber: `long-${n}`,
        category: "skip",
        sizeLitres: 9_999,
        location: null,
        customerId: null
      } as const
      yield* this.ask({ _tag: "CreateBin", binId, at, bin, capacityLitres: 0, fingerprint: null, origin })
      for (let i = 1; i <= changes; i++) yield* this.ask({ _tag: "UpdateBinCapacity", binId, at, capacityLitres: i })
    })
}
