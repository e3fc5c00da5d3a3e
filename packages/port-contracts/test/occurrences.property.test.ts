/** Which instants a rule means where clocks are changed, in every zone there is. `pnpm zones` looks at every change in every zone. */
import {
  expressions,
  referenceFirings,
  surroundings,
  walkedFirings
} from "@dueline/port-contracts/OccurrencesReference"
import { transitionsBetween } from "@dueline/contracts/schedule/zone"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const zones = Intl.supportedValuesOf("timeZone")
const Zone = Schema.Literals(zones)
const Year = Schema.Int.check(Schema.isBetween({ minimum: 1970, maximum: 2037 }))
const Rule = Schema.Struct({
  expression: Schema.Literals(expressions),
  missingHour: MissingHour,
  repeatedHour: RepeatedHour
})
const options = { arbitrary: propertyRuns, tags: ["ADR-0036.1"] }

describe("occurrences", () => {
  it.prop(
    "are those that walking minute by minute finds, forwards and backwards, wherever clocks are changed",
    [Zone, Year, Schema.Boolean, Rule],
    ([zone, year, last, rule]) => {
      const changes = transitionsBetween(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
      const change = changes.at(last ? -1 : 0) ?? { at: Date.UTC(year, 2, 29, 1), before: 0, after: 0 }
      const around = surroundings(zone, change.at, change.after - change.before)
      const expected = referenceFirings(around, rule)
      const { backwards, forwards } = walkedFirings(around, rule)
      assert.deepStrictEqual(forwards, expected)
      assert.deepStrictEqual(backwards, expected)
    },
    options
  )
})
