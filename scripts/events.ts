/** Shows or writes the description of messages that leave the system: `pnpm events [--write]`. Exit code 1 when the files differ. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { eventPages } from "./eventPages.ts"

const help = `usage: pnpm events [--write]

Compares docs/events.md and docs/events/ with the code and names the files that differ.

  --write   writes them
  --help    this text
`
const docs = join(import.meta.dirname, "..", "docs")

const read = (path: string): string | null => {
  try {
    return readFileSync(join(docs, path), "utf8")
  } catch {
    return null
  }
}

/** Files below `docs/` that are missing, different, or there without a topic. */
export const staleEventPages = (): ReadonlyArray<string> => {
  const pages = eventPages()
  const stale = [...pages].filter(([path, text]) => read(path) !== text).map(([path]) => path)
  const strangers = globSync("events/*", { cwd: docs }).filter((path) => !pages.has(path))
  return [...stale, ...strangers].sort()
}

const write = (): void => {
  const pages = eventPages()
  mkdirSync(join(docs, "events"), { recursive: true })
  for (const path of staleEventPages()) {
    const text = pages.get(path)
    if (text === undefined) rmSync(join(docs, path))
    else writeFileSync(join(docs, path), text)
  }
}

const main = (): number => {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, help: { type: "boolean" } } })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const stale = staleEventPages()
  for (const path of stale) console.log(`${values.write === true ? "written" : "out of date"}: docs/${path}`)
  if (values.write === true) write()
  return values.write === true || stale.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
