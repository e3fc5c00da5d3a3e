/**
 * What is counted, as plain objects: counting is an addition to a field, on whatever stack, and exporters read the fields when they are
 * asked. The series stand in a registry of Effect's, so its exporters see them like any other metric.
 */
import { Context, Metric } from "effect"
import type { TenantId } from "../Ids.ts"
import type { Role } from "../Role.ts"
import { BusiestTenants } from "./BusiestTenants.ts"

/** What a metric is, for its readers and for docs/telemetry.md. */
export interface Description {
  readonly name: string
  readonly help: string
  /** Processes of these roles have it; without any, every process. */
  readonly roles?: ReadonlyArray<Role>
  /** Names of labels, with values from a set that the code bounds. */
  readonly labels?: ReadonlyArray<string>
}

export interface Declared extends Description {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly ofTenants: boolean
  /** Upper bounds of a histogram's buckets. */
  readonly bounds: ReadonlyArray<number>
}

export class Counter {
  value = 0

  add(n = 1): void {
    this.value += n
  }
}

/** Read when somebody asks: depths and lags need no timer of their own. */
export class Gauge {
  read: () => number = () => 0
}

/** Observations by size: few bounds, so a walk from the lowest is the fastest way to find one's bucket. */
export class Histogram {
  readonly bounds: ReadonlyArray<number>
  readonly #counts: Array<number>
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  constructor(bounds: ReadonlyArray<number>) {
    this.bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    const { bounds } = this
    this.#count += 1
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    let n = 0
    while (n < bounds.length && value > (bounds[n] ?? 0)) n += 1
    if (n < bounds.length) this.#counts[n] = (this.#counts[n] ?? 0) + 1
  }

  get state(): Metric.HistogramState {
    let below = 0
    const buckets = this.bounds.map((bound, n): [number, number] => {
      below += this.#counts[n] ?? 0
      return [bound, below]
    })
    return { buckets, count: this.#count, sum: this.#sum, min: this.#min, max: this.#max }
  }
}

/** Label sets of one metric; what comes beyond is counted under `other`, so that no mistake fills the memory. */
const labelSetLimit = 250
const beyond = "other"

/** One instrument for each set of label values, made when it is first asked for. Keep what it answers where it is counted often. */
export class Family<A> {
  readonly #made = new Map<string, A>()
  readonly #make: (values: ReadonlyArray<string>) => A

  constructor(make: (values: ReadonlyArray<string>) => A) {
    this.#make = make
  }

  of(...values: ReadonlyArray<string>): A {
    const known = this.#made.get(values.join("\n"))
    if (known !== undefined) return known
    const kept = this.#made.size < labelSetLimit ? values : values.map(() => beyond)
    const made = this.#made.get(kept.join("\n")) ?? this.#make(kept)
    this.#made.set(kept.join("\n"), made)
    return made
  }
}

/** Counts by tenant: the busiest by name, the others together. */
export class TenantCounter {
  readonly #tenants: BusiestTenants
  readonly #counts: Float64Array
  readonly #name: (place: number, read: () => number) => () => void
  readonly #forget: Array<(() => void) | undefined> = []

  /** `name`: enters the series of a place; what it answers takes it away. */
  constructor(tenants: BusiestTenants, name: (place: number, read: () => number) => () => void) {
    this.#tenants = tenants
    this.#counts = new Float64Array(tenants.places)
    this.#name = name
    this.#enter(tenants.places - 1)
    tenants.onChange((place) => {
      this.#forget[place]?.()
      this.#forget[place] = undefined
      this.#counts[place] = 0
    })
  }

  add(tenantId: TenantId, n = 1): void {
    const place = this.#tenants.placeOf(tenantId)
    this.#enter(place)
    this.#counts[place] = (this.#counts[place] ?? 0) + n
  }

  #enter(place: number): void {
    this.#forget[place] ??= this.#name(place, () => this.#counts[place] ?? 0)
  }
}

/** Declares metrics and keeps what was declared. */
export class Instruments {
  readonly tenants: BusiestTenants
  readonly declared: Array<Declared> = []
  /** To be provided where Effect's exporters, or anything else that reads its metrics, run. */
  readonly registry: Metric.MetricRegistry = new Map()
  readonly #context: Context.Context<never> = Context.make(Metric.MetricRegistry, this.registry)

  constructor(tenants: BusiestTenants = new BusiestTenants()) {
    this.tenants = tenants
  }

  counter(about: Description): Counter {
    this.#declare("counter", about)
    return this.#counter(about, [])
  }

  counters(about: Description): Family<Counter> {
    this.#declare("counter", about)
    return new Family((values) => this.#counter(about, values))
  }

  tenantCounter(about: Description): TenantCounter {
    this.#declare("counter", about, true)
    return this.#tenantCounter(about, [])
  }

  tenantCounters(about: Description): Family<TenantCounter> {
    this.#declare("counter", about, true)
    return new Family((values) => this.#tenantCounter(about, values))
  }

  gauge(about: Description): Gauge {
    this.#declare("gauge", about)
    return this.#gauge(about, [])
  }

  gauges(about: Description): Family<Gauge> {
    this.#declare("gauge", about)
    return new Family((values) => this.#gauge(about, values))
  }

  /** A counter that something else keeps, read when somebody asks. */
  total(about: Description): Gauge {
    this.#declare("counter", about)
    const made = new Gauge()
    this.#count(about, {}, () => made.read())
    return made
  }

  /** `bounds`: upper bounds of the buckets, rising, in the unit of the name. */
  histogram(about: Description, bounds: ReadonlyArray<number>): Histogram {
    this.#declare("histogram", about, false, bounds)
    const made = new Histogram(bounds)
    const { help: description, name } = about
    const hooks = { get: () => made.state, update: ignore, modify: ignore }
    Metric.registerUnsafe(Metric.histogram(name, { description, boundaries: bounds }), this.#context, hooks)
    return made
  }

  /** Takes away what only processes of other roles have. */
  keepFor(roles: ReadonlySet<Role>): void {
    const others = this.declared.filter((about) => about.roles?.some((role) => roles.has(role)) === false)
    const names = new Set(others.map(({ name }) => name))
    for (const [key, { id }] of this.registry) if (names.has(id)) this.registry.delete(key)
  }

  #declare(kind: Declared["kind"], about: Description, ofTenants = false, bounds: ReadonlyArray<number> = []): void {
    this.declared.push({ ...about, kind, ofTenants, bounds })
  }

  #counter(about: Description, values: ReadonlyArray<string>): Counter {
    const made = new Counter()
    this.#count(about, labelled(about, values), () => made.value)
    return made
  }

  #tenantCounter(about: Description, values: ReadonlyArray<string>): TenantCounter {
    return new TenantCounter(this.tenants, (place, read) =>
      this.#count(about, { ...labelled(about, values), tenant: this.tenants.nameOf(place) }, read)
    )
  }

  #gauge(about: Description, values: ReadonlyArray<string>): Gauge {
    const made = new Gauge()
    const { help: description, name } = about
    const hooks = { get: () => ({ value: made.read() }), update: ignore, modify: ignore }
    Metric.registerUnsafe(
      Metric.gauge(name, { description, attributes: labelled(about, values) }),
      this.#context,
      hooks
    )
    return made
  }

  #count({ help: description, name }: Description, attributes: Metric.Metric.AttributeSet, read: () => number) {
    const hooks = { get: () => ({ count: read(), incremental: true }), update: ignore, modify: ignore }
    const metric = Metric.counter(name, { description, attributes, incremental: true })
    const { remove } = Metric.registerUnsafe(metric, this.#context, hooks)
    return remove
  }
}

const ignore = (): void => undefined

const labelled = ({ labels = [] }: Description, values: ReadonlyArray<string>): Metric.Metric.AttributeSet =>
  Object.fromEntries(labels.map((label, n) => [label, values[n] ?? ""]))
