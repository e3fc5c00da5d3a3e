/** The setting of rate limits: what it means, and that every mistake in it is named at once. */
import { RateClass } from "@dueline/contracts/api/RateLimit"
import { read } from "@dueline/dueline/Configuration"
import { readRateLimits } from "@dueline/dueline/listSettings"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const usual: Partial<Record<RateClass, number>> = { orders: 120, ingestion: 200, courier: 300_000 }
const Rate = Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
const named = Schema.optionalKey(Rate)
const Rates = Schema.Struct(
  Object.fromEntries(RateClass.literals.map((name) => [name, named])) as Record<RateClass, typeof named>
)

describe("DUELINE_RATE_LIMITS", () => {
  it("left empty means 120 orders, 200 ingestions and 300,000 events of couriers a minute, and no other limit", () => {
    assert.deepStrictEqual(readRateLimits(""), usual)
  })

  it.prop(
    "means what is written, class by class, and the default for those left out",
    { rates: Rates },
    ({ rates }) => {
      const text = Object.entries(rates).map(([name, rate]) => `${name}=${rate ?? "off"}`)
      const found = readRateLimits(text.join(", "))
      for (const name of RateClass.literals) {
        const said = rates[name]
        const meant = said === undefined ? usual[name] : said
        assert.strictEqual(found[name] ?? null, meant ?? null, name)
      }
    }
  )

  it.effect("is refused at start with every mistake, beside those of other settings", () =>
    Effect.gen(function* () {
      const wrong = "orders=0,order=5,calls,bins=1.5,bins=2,bins=3,customers=off=off,ingestion=1000001"
      const { message } = yield* Effect.flip(read({ DUELINE_RATE_LIMITS: wrong, PORT: "70000" }))
      assert.include(message, "The configuration has 2 mistakes")
      for (const mistake of [
        `"orders=0": write orders=N`,
        `"order=5": classes are ${RateClass.literals.join(", ")}`,
        `"calls": write calls=N`,
        `"bins=1.5": write bins=N`,
        `bins is there twice`,
        `"customers=off=off"`,
        `"ingestion=1000001"`
      ]) {
        assert.include(message, mistake)
      }
      assert.include(message, "PORT")
    })
  )
})
