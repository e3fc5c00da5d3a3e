/** What every Leases does. Times are those of the clock that the adapter itself goes by, so sentences let time pass and read no clock. */
import { Leases } from "@dueline/contracts/ports/Leases"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { propertyRunsTimes } from "./propertyRuns.ts"
import * as Sample from "./Sample.ts"

type It<R> = Vitest.MethodsNonLive<Leases | R>

export interface LeasesHarness<R> extends Harness<Leases | R> {
  /** Lets at least this many milliseconds pass for the adapter: `TestClock.adjust`, or a shove to the ends in its table. */
  readonly passTime: (ms: number) => Effect.Effect<unknown, unknown, R>
}

/** So long that no slow machine sees its end by itself. */
const long = 600_000

const take = (name: string, holder: string, ttlMs = long) =>
  Effect.flatMap(Leases, (leases) => leases.take({ name, holder, ttlMs }))
const release = (name: string, holder: string) => Effect.flatMap(Leases, (leases) => leases.release({ name, holder }))

const newName = () => `lease-${Sample.uuid()}`

const holding = <R>(it: It<R>, { passTime }: LeasesHarness<R>) => {
  it.effect("while one has it another does not get it", () =>
    Effect.gen(function* () {
      const name = newName()
      assert.isTrue(yield* take(name, "a"))
      assert.isFalse(yield* take(name, "b"))
      yield* passTime(long / 2)
      assert.isFalse(yield* take(name, "b"))
    })
  )

  it.effect("its holder extends it, for as long as it likes", () =>
    Effect.gen(function* () {
      const name = newName()
      for (let n = 0; n < 4; n += 1) {
        assert.isTrue(yield* take(name, "a"))
        yield* passTime(long * 0.8)
        assert.isFalse(yield* take(name, "b"))
      }
    })
  )

  it.effect("after its end the next one gets it, and who had it does not", () =>
    Effect.gen(function* () {
      const name = newName()
      assert.isTrue(yield* take(name, "a"))
      yield* passTime(long + 1)
      assert.isTrue(yield* take(name, "b"))
      assert.isFalse(yield* take(name, "a"))
    })
  )

  it.effect("after its end its holder may have it again, when nobody was faster", () =>
    Effect.gen(function* () {
      const name = newName()
      assert.isTrue(yield* take(name, "a"))
      yield* passTime(long + 1)
      assert.isTrue(yield* take(name, "a"))
      assert.isFalse(yield* take(name, "b"))
    })
  )

  it.effect("a lease lasts as long as the last asking said, not longer", () =>
    Effect.gen(function* () {
      const name = newName()
      assert.isTrue(yield* take(name, "a", long))
      assert.isTrue(yield* take(name, "a", long / 10))
      yield* passTime(long / 5)
      assert.isTrue(yield* take(name, "b"))
    })
  )

  it.effect("two names are two leases", () =>
    Effect.gen(function* () {
      const [one, two] = [newName(), newName()]
      assert.isTrue(yield* take(one, "a"))
      assert.isTrue(yield* take(two, "b"))
      assert.isFalse(yield* take(one, "b"))
      yield* release(one, "a")
      assert.isFalse(yield* take(two, "a"))
    })
  )
}

const releasing = <R>(it: It<R>) => {
  it.effect("what was given back is free at once", () =>
    Effect.gen(function* () {
      const name = newName()
      assert.isTrue(yield* take(name, "a"))
      yield* release(name, "a")
      assert.isTrue(yield* take(name, "b"))
    })
  )

  it.effect("giving back what another has, or what nobody has, changes nothing", () =>
    Effect.gen(function* () {
      const name = newName()
      yield* release(name, "b")
      assert.isTrue(yield* take(name, "a"))
      yield* release(name, "b")
      assert.isFalse(yield* take(name, "b"))
    })
  )
}

const small = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Round = Schema.Struct({ takers: small(2, 12), passes: Schema.Boolean, releases: Schema.Boolean })

const laws = <R>(it: It<R>, { passTime }: LeasesHarness<R>) => {
  it.effect.prop(
    "however many ask at once, one of them gets it when it is free, and none but its holder when it is not",
    { rounds: Schema.Array(Round).check(Schema.isMaxLength(5)) },
    Effect.fnUntraced(function* ({ rounds }) {
      const name = newName()
      let holder: string | null = null
      for (const { passes, releases, takers } of rounds) {
        const names = Array.from({ length: takers }, (_, n) => `taker-${n}`)
        const answers = yield* Effect.forEach(names, (one) => take(name, one), { concurrency: "unbounded" })
        const winners = names.filter((_, n) => answers[n])
        const had: string | null = holder
        if (had === null) assert.lengthOf(winners, 1)
        else assert.deepStrictEqual(winners, names.includes(had) ? [had] : [])
        holder = winners[0] ?? had
        if (passes) yield* passTime(long + 1)
        if (releases && holder !== null) yield* release(name, holder)
        if (passes || releases) holder = null
      }
    }),
    { arbitrary: propertyRunsTimes(0.2), timeout: 60_000 }
  )
}

export const suite = <R>(name: string, harness: LeasesHarness<R>): void =>
  judge("Leases", name, harness, (it) => {
    holding(it, harness)
    releasing(it)
    laws(it, harness)
  })
