/** Stored facts are for ever: what every version of every event looks like, kept in files that are only ever added to. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Category } from "@dueline/contracts/kinds"
import { Schema } from "effect"
import { aggregates } from "../src/aggregates.ts"
import { currentVersion, eventReader } from "../src/engine/storedForms.ts"
import { samples } from "./kindSamples.ts"

const root = join(import.meta.dirname, "golden")
const categories = Object.keys(aggregates) as ReadonlyArray<Category>

interface Golden {
  readonly type: string
  readonly version: number
  readonly file: string
}

const fileOf = (category: Category, type: string, version: number): string =>
  join(root, category, `${type}.v${version}.json`)

/** Every version that there ever was of every type. */
const goldensOf = (category: Category): ReadonlyArray<Golden> =>
  Object.keys(samples[category]).flatMap((type) => {
    const versions = currentVersion(aggregates[category].upcasters, type)
    return Array.from({ length: versions }, (_, i) => ({ type, version: i + 1, file: fileOf(category, type, i + 1) }))
  })

// Only adds what is missing of today's versions: a file that exists is never written again.
if (process.env.UPDATE_GOLDEN === "1") {
  for (const category of categories) {
    mkdirSync(join(root, category), { recursive: true })
    for (const [type, sample] of Object.entries(samples[category])) {
      const file = fileOf(category, type, currentVersion(aggregates[category].upcasters, type))
      if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(sample, null, 2)}\n`, { flag: "wx" })
    }
  }
}

describe("golden events", () => {
  it("every version of every event has its file (UPDATE_GOLDEN=1 adds one of today that is missing)", () => {
    const missing = categories.flatMap((category) => goldensOf(category).filter(({ file }) => !existsSync(file)))
    assert.deepStrictEqual(missing, [])
  })

  it("there is no file of an event, or of a version, that is unknown", () => {
    const known = new Set(categories.flatMap((category) => goldensOf(category).map(({ file }) => file)))
    assert.deepStrictEqual(
      globSync(join(root, "**", "*.json")).filter((file) => !known.has(file)),
      []
    )
  })

  it("steps are known for events that there are, and for no others", () => {
    for (const category of categories) {
      const unknown = Object.keys(aggregates[category].upcasters).filter((type) => !(type in samples[category]))
      assert.deepStrictEqual(unknown, [])
    }
  })

  for (const category of categories) {
    const aggregate = aggregates[category]
    const read = eventReader(aggregate as Readable)
    for (const { file, type, version } of goldensOf(category)) {
      it(`${category}: ${type} of version ${version} is read in the form of today, with nothing lost`, () => {
        const stored: unknown = JSON.parse(readFileSync(file, "utf8"))
        const event = read({ type, eventVersion: version, payload: stored })
        const today = version === currentVersion(aggregate.upcasters, type)
        if (today) assert.deepStrictEqual<unknown>([event._tag, event], [type, stored])
        // What has become of an older one is written like one of today.
        assert.deepStrictEqual(Schema.encodeUnknownSync(aggregate.event as Readable["event"])(event), event)
      })
    }
  }
})

type Readable = Parameters<typeof eventReader<never, unknown, { readonly _tag: string }, never, never>>[0]
