/** Metrics as those who read them see them: names, bounds of labels, cost, and who may read. */
import { TenantId } from "@dueline/contracts/Ids"
import { BusiestTenants, otherTenants } from "@dueline/contracts/telemetry/BusiestTenants"
import { Family, Instruments } from "@dueline/contracts/telemetry/Instruments"
import { makeMetrics } from "@dueline/contracts/telemetry/Metrics"
import { RecentShare } from "@dueline/api/server/countRequests"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { createServer } from "node:http"
import { format, layerPort } from "../src/telemetry/MetricsEndpoint.ts"

const tenantNumber = (n: number) => TenantId.make(`00000000-0000-4000-8000-${String(n).padStart(12, "0")}`)

/** Value by series, as written. */
const read = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))])
  )

describe("metrics", { tags: ["ADR-0009.1"] }, () => {
  it("have all series of one name together, each name once, with words and a type", () => {
    const metrics = makeMetrics()
    metrics.attempts.of("2xx").add()
    metrics.retries.add(tenantNumber(1))
    metrics.attempts.of("timeout").add()
    const names = format(metrics, 0)
      .split("\n")
      .filter((line) => line.startsWith("# TYPE"))
      .map((line) => line.split(" ")[2])
    assert.deepStrictEqual([...new Set(names)], names)
    for (const { help, name } of metrics.instruments.declared) {
      assert.match(name, /^[a-z][a-z0-9_]*$/u)
      assert.match(help, /\.$/u, name)
    }
    const declared = metrics.instruments.declared.map(({ name }) => name)
    assert.deepStrictEqual([...new Set(declared)], declared)
  })

  it.prop(
    "while no place changes hands, a reading tells every tenant with a name exactly and loses nothing of the others",
    { sequence: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))) },
    ({ sequence }) => {
      const instruments = new Instruments(new BusiestTenants(4))
      const metrics = makeMetrics(instruments)
      // Places are looked at now, and not again within a minute.
      format(metrics, 0)
      for (const n of sequence) metrics.retries.add(tenantNumber(n))
      const series = [...read(format(metrics, 1))].filter(([name]) => name.startsWith("dueline_retries_total"))
      assert.isAtMost(series.length, 5)
      const named = series.filter(([name]) => !name.includes(otherTenants))
      for (const [name, count] of named) {
        assert.strictEqual(count, sequence.filter((n) => name.includes(tenantNumber(n))).length)
      }
      assert.strictEqual(
        series.reduce((sum, [, count]) => sum + count, 0),
        sequence.length
      )
    },
    { arbitrary: propertyRuns }
  )

  it("name the busiest tenants: one that is clearly busier takes the place of the least busy, whose series ends", () => {
    const metrics = makeMetrics(new Instruments(new BusiestTenants(2)))
    const count = (n: number, times: number) => {
      for (let i = 0; i < times; i += 1) metrics.retries.add(tenantNumber(n))
    }
    count(1, 100)
    count(2, 5)
    count(3, 9)
    const seriesOf = (text: string, n: number) =>
      read(text).get(`dueline_retries_total{tenant="${tenantNumber(n)}"}`) ?? null
    const first = format(metrics, 0)
    assert.deepStrictEqual(
      [1, 2, 3].map((n) => seriesOf(first, n)),
      [100, 5, null]
    )
    count(3, 40)
    assert.isNull(seriesOf(format(metrics, 59_000), 3), "places are looked at once a minute")
    const then = format(metrics, 61_000)
    assert.deepStrictEqual(
      [1, 2, 3].map((n) => seriesOf(then, n)),
      [100, null, null]
    )
    count(3, 1)
    assert.strictEqual(seriesOf(format(metrics, 62_000), 3), 1)
  })

  it("of ten thousand tenants are read in less than fifty milliseconds of processor time", () => {
    const metrics = makeMetrics()
    for (let n = 0; n < 10_000; n += 1) {
      for (const kind of ["service-call", "order", "ingestion"]) metrics.accepted.of(kind).add(tenantNumber(n))
      metrics.retries.add(tenantNumber(n))
      metrics.ordersScheduled.add(tenantNumber(n))
    }
    format(metrics, 0)
    const from = process.cpuUsage()
    const text = format(metrics, 100)
    const { system, user } = process.cpuUsage(from)
    assert.isBelow((system + user) / 1_000, 50)
    assert.isBelow(text.length, 100_000)
  })

  it("have no more label sets than their bound, however many values come", () => {
    let made = 0
    const family = new Family(() => {
      made += 1
      return {}
    })
    for (let n = 0; n < 10_000; n += 1) family.of(`value ${n}`)
    assert.strictEqual(made, 251)
  })

  it("of a histogram count each observation in its bucket and in all above", () => {
    const instruments = new Instruments()
    const histogram = instruments.histogram({ name: "test_seconds", help: "A test." }, [0.1, 1])
    for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe(value)
    assert.deepStrictEqual(histogram.state, {
      buckets: [
        [0.1, 2],
        [1, 3]
      ],
      count: 4,
      sum: 3.65,
      min: 0.05,
      max: 3
    })
  })

  it("that only other roles have are taken away", () => {
    const metrics = makeMetrics()
    metrics.instruments.keepFor(new Set(["dispatcher"]))
    const text = format(metrics, 0)
    assert.include(text, "dueline_outbox_lag_seconds")
    assert.include(text, "ops_error_rate")
    assert.notInclude(text, "dueline_due_calls")
    assert.notInclude(text, "ops_order_schedule_total")
  })
})

describe("the share of errors", { tags: ["ADR-0009.1"] }, () => {
  it("is that of the last minute", () => {
    const recent = new RecentShare()
    assert.strictEqual(recent.share(0), 0)
    for (let n = 0; n < 30; n += 1) recent.add(n % 3 === 0, 1_000)
    assert.strictEqual(recent.share(1_000), 1 / 3)
    recent.add(true, 30_000)
    assert.strictEqual(recent.share(30_000), 11 / 31)
    assert.strictEqual(recent.share(61_000), 1)
    assert.strictEqual(recent.share(95_000), 0)
    assert.strictEqual(recent.share(10_000_000), 0)
  })
})

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

describe("a port for metrics alone", { tags: ["ADR-0009.2"] }, () => {
  it.live("shows them to whoever has the token, and nothing else to anybody", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const settings = {
        HOST: "127.0.0.1",
        DUELINE_METRICS_PORT: port,
        DUELINE_METRICS_TOKEN: Redacted.make("a-token-of-twenty-characters")
      }
      yield* Layer.build(layerPort(settings))
      const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
        Effect.promise(() => fetch(`http://127.0.0.1:${port}${path}`, { headers, method }))
      const right = { authorization: "Bearer a-token-of-twenty-characters" }
      const refused = yield* ask("/metrics")
      assert.strictEqual(refused.status, 401)
      assert.include(yield* Effect.promise(() => refused.text()), "DUELINE_METRICS_TOKEN")
      assert.strictEqual((yield* ask("/metrics", { authorization: "Bearer another" })).status, 401)
      assert.strictEqual((yield* ask("/health", right)).status, 404)
      assert.strictEqual((yield* ask("/metrics", right, "POST")).status, 405)
      const shown = yield* ask("/metrics?from=prometheus", right)
      assert.strictEqual(shown.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
      assert.include(yield* Effect.promise(() => shown.text()), "ops_concurrent_requests")
    })
  )
})
