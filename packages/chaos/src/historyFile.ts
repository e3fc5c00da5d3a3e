/** Keeps a history in a file, one item a line, so that long ones can be written and searched; and reads it again. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import type { History } from "./History.ts"

const lists = ["operations", "arrivals", "stored", "listed", "readings", "told", "incidents"] as const
type ListName = (typeof lists)[number]

export const writeHistory = (file: string, history: History): void => {
  const output = openSync(file, "w")
  const write = (kind: string, value: unknown) => void writeSync(output, `${JSON.stringify([kind, value])}\n`)
  const { arrivals, incidents, listed, operations, readings, stored, told, ...rest } = history
  const items: Readonly<Record<ListName, ReadonlyArray<unknown> | null>> = {
    operations,
    arrivals,
    stored,
    listed,
    readings,
    told,
    incidents
  }
  write("run", { ...rest, hears: told !== null })
  for (const name of lists) for (const item of items[name] ?? []) write(name, item)
  closeSync(output)
}

export const readHistory = (file: string): History => {
  const items = Object.fromEntries(lists.map((name) => [name, new Array<unknown>()]))
  let run: Readonly<Record<string, unknown>> = {}
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue
    const [kind, value] = JSON.parse(line) as [string, Readonly<Record<string, unknown>>]
    if (kind === "run") run = value
    else items[kind]?.push(value)
  }
  const { hears, ...rest } = run
  return { ...rest, ...items, told: hears === true ? items["told"] : null } as unknown as History
}
