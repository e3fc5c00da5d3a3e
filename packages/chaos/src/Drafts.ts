/** What clients ask for next: drawn from the seed, about calls that were accepted so far. */
import type { Dice } from "@dueline/simulation/world/Dice"
import type { Heard, Request } from "./Api.ts"
import type { Operation, OperationKind, Wish } from "./History.ts"

interface Submission extends Wish {
  readonly delayMs: number
  readonly waits: boolean
  readonly body: string
}

export const flowNames = ["narrow", "even"] as const
export type FlowName = (typeof flowNames)[number]
/** What bounds the calls of a flow. */
export const flows: Readonly<
  Record<FlowName, { readonly concurrency: number; readonly ratePerSecond: number | null }>
> = { narrow: { concurrency: 2, ratePerSecond: null }, even: { concurrency: 3, ratePerSecond: 1.5 } }
/** Of calls that belong to a flow. */
const flowShare = 0.08

/** A tag that some calls have. */
export const hue = "hue:red"
/** Of calls of a control, which are not drawn. */
export const slowHue = "hue:slow"
const hueShare = 0.06

const drawFlow = (dice: Dice): FlowName | null => (dice.chance(flowShare) ? dice.pick(flowNames) : null)

/** Attempts of a call that must succeed in the end, however often its worker is lost. */
const patient = 40

interface Behaviour {
  readonly query: Readonly<Record<string, string | number>>
  readonly maxAttempts: number
}

/** Most targets are well; some fail first, some are slow, some refuse for good, and some calls may be tried once only. */
const drawBehaviour = (dice: Dice): Behaviour => {
  const kind = dice.next()
  const slow = dice.chance(0.15) ? { slow: dice.between(1_000, 3_000) } : {}
  if (kind < 0.6) return { query: slow, maxAttempts: patient }
  if (kind < 0.8) return { query: { failures: dice.between(1, 3), ...slow }, maxAttempts: patient }
  if (kind < 0.87) return { query: { failures: 1, cut: 1 }, maxAttempts: patient }
  if (kind < 0.94) return { query: { end: dice.pick([400, 404, 410]) }, maxAttempts: patient }
  return { query: { failures: 9, ...slow }, maxAttempts: dice.between(1, 2) }
}

/** A call in three has one attempt: what is charged without a request shows at once, as a call that failed. */
const onceShare = 1 / 3
/** Calls to an address where nobody listens. Each has an address of its own, so that no circuit is shared. */
const refusedShare = 0.04

const drawAddress = (dice: Dice): string =>
  `http://127.${dice.between(1, 254)}.${dice.between(1, 254)}.${dice.between(1, 254)}:9`

const drawDelayMs = (dice: Dice): number => (dice.chance(0.4) ? 0 : dice.between(1, 8_000))

export const termsOf = (flow: FlowName) => {
  const { concurrency, ratePerSecond } = flows[flow]
  return { key: flow, concurrency, ...(ratePerSecond === null ? {} : { ratePerSecond }) }
}

/** What a client submits, drawn from the dice: when, to whom, and how the target will behave. */
const drawSubmission = (
  dice: Dice,
  tenant: string,
  key: string,
  targets: readonly [string, ...ReadonlyArray<string>]
): Submission => {
  const delayMs = drawDelayMs(dice)
  const { maxAttempts: most, query: behaviour } = drawBehaviour(dice)
  const flow = drawFlow(dice)
  // So slow that one waits for the other.
  const query = flow === null ? behaviour : { slow: dice.between(200, 900), ...behaviour }
  const tag = dice.chance(hueShare) ? hue : null
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
  )
  const target = dice.pick(targets)
  const reachable = !dice.chance(refusedShare)
  const once = dice.chance(onceShare) || !reachable
  const maxAttempts = once ? 1 : most
  const url = `${reachable ? target : drawAddress(dice)}/${tenant}/${key}?${parameters}`
  const body = {
    delay: delayMs,
    request: { method: "POST", url, body: { key, what: "pickup" } },
    // A quarter of a second at the most, so that a run is about faults and not about waiting.
    retry: { maxAttempts, initialDelayMs: 50, maxDelayMs: 250 },
    timeoutMs: 10_000,
    tags: [`tenant:${tenant}`, ...(tag === null ? [] : [tag])],
    ...(flow === null ? {} : { flow: termsOf(flow) })
  }
  const wish = { maxAttempts, reachable, flow, hue: tag, target: reachable ? target : null }
  return { delayMs, waits: dice.chance(0.05), body: JSON.stringify(body), ...wish }
}

/** A call that a client knows of. */
interface Known {
  readonly tenant: string
  readonly key: string
  readonly callId: string
  readonly body: string
  readonly delayMs: number
  readonly waits: boolean
  version: number
  etag: string | null
}

export interface Draft {
  readonly operation: Omit<Operation, "invokedAt" | "completedAt" | "tries" | "answer">
  readonly request: Request
  readonly known: Known | null
  readonly submission: Omit<Known, "callId" | "version" | "etag"> | null
}

export interface DraftOptions {
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
  /** Of the services that calls are made to. */
  readonly targets: readonly [string, ...ReadonlyArray<string>]
}

const path = "/v1/service-calls"

/** Shares of what clients do; the rest are submissions. */
const shares: ReadonlyArray<readonly [OperationKind, number]> = [
  ["cancel", 0.08],
  ["reschedule", 0.08],
  ["rerun", 0.03],
  ["repeat", 0.06],
  ["read", 0.06],
  ["foreign", 0.02]
]

const drawKind = (dice: Dice): OperationKind => {
  let rest = dice.next()
  for (const [kind, share] of shares) {
    if (rest < share) return kind
    rest -= share
  }
  return "submit"
}

const preference = (waits: boolean) => (waits ? { prefer: "wait=2" } : {})

export class Drafts {
  readonly #options: DraftOptions
  readonly #known: Array<Known> = []

  constructor(options: DraftOptions) {
    this.#options = options
  }

  draw(dice: Dice, number: number): Draft {
    const kind = drawKind(dice)
    // Mostly a recent one, since the others have ended.
    const reach = Math.min(this.#known.length, dice.chance(0.7) ? 40 : 400)
    const known = this.#known[this.#known.length - 1 - Math.floor(dice.next() * reach)]
    return kind === "submit" || known === undefined
      ? this.#submit(dice, number)
      : this.#about(kind, known, dice, number)
  }

  /** What an accepted operation has taught its client. */
  learn({ known, submission }: Draft, { answer }: Operation, { etag }: Heard): void {
    const { callId, version } = answer ?? {}
    if (submission !== null && callId && version) this.#known.push({ ...submission, callId, version, etag })
    if (known !== null && version && version > known.version) Object.assign(known, { version, etag })
  }

  #token(tenant: string): string {
    return this.#options.tenants.get(tenant) ?? ""
  }

  #submit(dice: Dice, number: number): Draft {
    const [first = "", ...others] = this.#options.tenants.keys()
    const tenant = dice.pick([first, ...others])
    const key = `key-${number}`
    const { body, delayMs, waits, ...wish } = drawSubmission(dice, tenant, key, this.#options.targets)
    const headers = { "idempotency-key": key, ...preference(waits) }
    return {
      operation: { kind: "submit", tenant, key, callId: null, delayMs, waits, wish, knownVersion: 0 },
      request: { method: "POST", path, token: this.#token(tenant), headers, body },
      known: null,
      submission: { tenant, key, body, delayMs, waits }
    }
  }

  #about(kind: Exclude<OperationKind, "submit">, known: Known, dice: Dice, number: number): Draft {
    const { body, callId, delayMs, etag, tenant, version: knownVersion, waits } = known
    const others = [...this.#options.tenants.keys()].filter((name) => name !== tenant)
    const asker = kind === "foreign" ? (others[0] ?? "") : tenant
    const base = { token: this.#token(asker), path: `${path}/${callId}` }
    const key = `${kind}-${number}`
    const headers = { "idempotency-key": key }
    const about = { kind, tenant: asker, callId, wish: null, knownVersion }
    const change = (request: Pick<Request, "method"> & Partial<Request>): Draft => ({
      operation: { ...about, key, delayMs: null, waits: false },
      request: { ...base, headers, ...request },
      known,
      submission: null
    })
    switch (kind) {
      case "cancel":
        return change({ method: "POST", path: `${base.path}/cancel` })
      case "rerun":
        return change({ method: "POST", path: `${base.path}/run` })
      case "reschedule": {
        const match = { ...headers, "if-match": etag ?? "*" }
        return change({ method: "PATCH", headers: match, body: `{"delay":${dice.between(0, 6_000)}}` })
      }
      case "repeat": {
        const again = { "idempotency-key": known.key, ...preference(waits) }
        const operation = { ...about, key: known.key, delayMs, waits }
        return { ...change({ method: "POST", path, headers: again, body }), operation }
      }
      case "read":
      case "foreign": {
        const operation = { ...about, key: null, delayMs: null, waits: false }
        const { known: _, ...draft } = change({ method: "GET", headers: {} })
        return { ...draft, operation, known: kind === "foreign" ? null : known }
      }
    }
  }
}
