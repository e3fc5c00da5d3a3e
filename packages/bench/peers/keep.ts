/** Writes what was measured into docs/: every value as JSON, the tables into the page. */
import { readFileSync, writeFileSync } from "node:fs"
import type { Options } from "./options.ts"
import type { Outcome } from "./report.ts"

const page = new URL("../../../docs/benchmarks-peers.md", import.meta.url)
const values = new URL("../../../docs/benchmarks-peers.json", import.meta.url)
const [start, end] = ["<!-- measured -->", "<!-- /measured -->"]

export interface Kept {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly options: Options
  readonly outcomes: ReadonlyArray<Outcome>
}

export const keep = (kept: Kept, report: string): void => {
  const text = readFileSync(page, "utf8")
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < 0) throw new Error("docs/benchmarks-peers.md has lost its marks for the tables")
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${report}\n\n${text.slice(to)}`)
  writeFileSync(values, `${JSON.stringify(kept, null, 1)}\n`)
}
