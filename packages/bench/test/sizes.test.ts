/** What judges runs of other sizes: each program beside the plain one, and the end of a long load beside its beginning. */
import { assert, describe, it } from "@effect/vitest"
import { bodyOf } from "../src/sizes/bodies.ts"
import { compared, type Sample } from "../src/sizes/inTurns.ts"
import { sizesTable } from "../src/sizes/report.ts"
import { changeOf, type Slice, verdict } from "../src/sizes/trend.ts"

const sample = (factor: number): Sample => ({
  "calls/s": 1_000 * factor,
  "program a call": 200 * factor,
  "database a call": 100 * factor,
  "log a call": 4_000 * factor,
  "memory of the program": 150 * factor,
  "memory of the database": 300 * factor
})

const steady: Slice = {
  rate: 1_000,
  acknowledgedP50: 5,
  acknowledgedP99: 20,
  lateP50: 6,
  lateP99: 30,
  program: 400,
  database: 200,
  programMib: 150,
  databaseMib: 300,
  checkpoints: 0,
  vacuums: 2,
  deadRows: 1_000,
  tablesMib: 100
}

/** Nine slices; the changes come with the last three. */
const then = (changes: Partial<Slice>): ReadonlyArray<Slice> =>
  Array.from({ length: 9 }, (_, n) => (n < 6 ? steady : { ...steady, ...changes }))

describe("programs in turns", () => {
  it("each is a multiple of the plain one of its own round, whatever the rounds were like", () => {
    const rounds = [1, 0.2, 7, 3.5]
    const plain = rounds.map(sample)
    const figures = compared([
      { name: "plain", samples: plain },
      { name: "other", samples: rounds.map((round) => sample(2 * round)) }
    ])
    const of = (arm: string) => figures.filter(({ name }) => name.startsWith(`${arm}: `))
    for (const { name, runs, unit } of of("other")) {
      assert.strictEqual(unit, "×", name)
      for (const ratio of runs) assert.closeTo(ratio, 2, 1e-9, name)
    }
    assert.strictEqual(of("other").length, of("plain").length)
    assert.deepStrictEqual(
      of("plain")[0]?.runs,
      plain.map((one) => one["calls/s"])
    )
  })
})

it("a table has a line for each program, and single figures behind them", () => {
  const figures = compared([
    { name: "plain", samples: [sample(1)] },
    { name: "body", samples: [sample(3), sample(1)] }
  ])
  const table = sizesTable([...figures, { name: "body: verify", unit: "s", runs: [12] }])
  assert.include(table, "| plain | 1,000 | 200 | 100 | 4,000 | 150 | 300 |")
  assert.include(table, "| body: verify | 12.0 s | one run |  |")
  assert.lengthOf(
    table.split("\n").filter((line) => line.startsWith("| body |")),
    1
  )
})

describe("a long load", () => {
  it("that stays as it is has no fault, nor one that becomes better or wavers by less than a tenth", () => {
    for (const changes of [{}, { rate: 1_200 }, { rate: 920 }, { lateP99: 32 }, { programMib: 500, tablesMib: 900 }])
      assert.match(verdict(then(changes)), /as good as the first/u)
  })

  it("that becomes worse in anything that users see is said to be, with what rose meanwhile", () => {
    assert.match(
      verdict(then({ rate: 800, database: 300 })),
      /worse .*calls\/s × 0\.80; with database a call × 1\.50$/u
    )
    assert.match(verdict(then({ acknowledgedP99: 40 })), /acknowledgement, p99 × 2\.00; neither/u)
    for (const measure of ["acknowledgedP50", "lateP50", "lateP99"] as const)
      assert.match(verdict(then({ [measure]: 2 * steady[measure] })), /worse/u, measure)
  })

  it("in which a single slice was bad is not worse for that", () => {
    const slices = then({}).map((slice, n) => (n === 7 ? { ...slice, rate: 10, lateP99: 9_000 } : slice))
    assert.match(verdict(slices), /as good as the first/u)
  })

  it("counts checkpoints of a third together, also where there were none before", () => {
    assert.strictEqual(changeOf(then({}), "checkpoints"), 1)
    assert.strictEqual(changeOf(then({ checkpoints: 1 }), "checkpoints"), Number.POSITIVE_INFINITY)
    assert.strictEqual(changeOf(then({ vacuums: 4 }), "vacuums"), 2)
    assert.match(verdict(then({ lateP50: 60, checkpoints: 2 })), /with checkpoints 0, then 6$/u)
  })
})

it("a body has about the size that is asked for, and never too many items", () => {
  for (const size of [10_000, 200_000]) {
    const body = bodyOf(size)
    assert.approximately(JSON.stringify(body).length, size, 0.01 * size)
    assert.isAtMost(body.items.length, 1_000)
  }
})
