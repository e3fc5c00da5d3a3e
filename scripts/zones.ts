/**
 * `pnpm zones [--zone Europe/Prague] [--from 1970] [--to 2037]`: holds the occurrences of schedules against a reference that walks minutes, at every
 * change of the clocks in every zone. Changes that several zones share are looked at with all rules once, and with one in each further zone.
 */
import { parseArgs } from "node:util"
import {
  expressions,
  type Fired,
  referenceFirings,
  type Rule,
  surroundings,
  walkedFirings
} from "../packages/port-contracts/src/OccurrencesReference.ts"
import { type Transition, transitionsBetween } from "../packages/contracts/src/schedule/zone.ts"

const { values } = parseArgs({
  options: {
    zone: { type: "string" },
    from: { type: "string", default: "1970" },
    to: { type: "string", default: "2037" }
  }
})

const rulesFor = ({ after, before }: Transition): ReadonlyArray<Rule> =>
  expressions.flatMap(
    (expression): ReadonlyArray<Rule> =>
      after > before
        ? (["shift", "skip", "atJump"] as const).map((missingHour) => ({
            expression,
            missingHour,
            repeatedHour: "auto"
          }))
        : (["auto", "first", "second", "both"] as const).map((repeatedHour) => ({
            expression,
            missingHour: "shift",
            repeatedHour
          }))
  )

const list = (fired: ReadonlyArray<Fired>): string =>
  fired.map(({ at, mark }) => `${new Date(at).toISOString().slice(5, 19)} ${mark}`).join(", ")

const zones = values.zone === undefined ? Intl.supportedValuesOf("timeZone") : [values.zone]
const known = new Set<string>()
const started = performance.now()
let changes = 0
let compared = 0
let different = 0
let saidAt = started

for (const [index, zone] of zones.entries()) {
  for (const change of transitionsBetween(
    zone,
    Date.UTC(Number(values.from), 0, 1),
    Date.UTC(Number(values.to) + 1, 0, 1) - 1
  )) {
    changes += 1
    const name = `${change.at} ${change.before} ${change.after}`
    const all = rulesFor(change)
    const rules = known.has(name) ? all.slice(changes % all.length, (changes % all.length) + 1) : all
    known.add(name)
    const around = surroundings(zone, change.at, change.after - change.before)
    for (const rule of rules) {
      compared += 1
      const expected = list(referenceFirings(around, rule))
      const { backwards, forwards } = walkedFirings(around, rule)
      if (list(forwards) === expected && list(backwards) === expected) continue
      different += 1
      if (different > 20) continue
      process.stdout.write(
        `${zone} ${new Date(change.at).toISOString()} ${JSON.stringify(rule)}\n  expected  ${expected}\n  forwards  ${list(forwards)}\n  backwards ${list(backwards)}\n`
      )
    }
  }
  if (performance.now() - saidAt < 10_000) continue
  saidAt = performance.now()
  process.stderr.write(
    `${index + 1} of ${zones.length} zones, ${changes} changes, ${compared} compared, ${different} different\n`
  )
}
const seconds = Math.round((performance.now() - started) / 1_000)
process.stdout.write(
  `${zones.length} zones, ${changes} changes (${known.size} different ones), ${compared} compared, ${different} different, zone data ${process.versions.tz}, ${seconds} s\n`
)
process.exitCode = different === 0 ? 0 : 1
