/** How often tenants may change what, from the settings. */
import type { RatesPerMinute } from "@dueline/api/RateLimits"
import { RateClass } from "@dueline/contracts/api/RateLimit"
import { entriesOf } from "./entriesOf.ts"

/** Of classes that are not named. Service calls are the main path and have limits of their own, on what is started. */
const usual: RatesPerMinute = { orders: 120, ingestion: 200 }

const most = 1_000_000

const isClass = (name: string): name is RateClass => (RateClass.literals as ReadonlyArray<string>).includes(name)

/** A class and its rate, null for none; or what is wrong with the entry. */
const readEntry = (entry: string): readonly [RateClass, number | null] | string => {
  const [name = "", text = "", ...rest] = entry.split("=").map((part) => part.trim())
  if (!isClass(name)) return `"${entry}": classes are ${RateClass.literals.join(", ")}`
  if (text === "off" && rest.length === 0) return [name, null]
  const rate = Number(text)
  return /^\d+$/u.test(text) && rest.length === 0 && rate >= 1 && rate <= most
    ? [name, rate]
    : `"${entry}": write ${name}=N, N requests a minute from 1 to ${most}, or ${name}=off`
}

/** `orders=120,calls=off`. Throws an error that names every mistake. */
export const readRateLimits = (text: string): RatesPerMinute => {
  const read = entriesOf(text).map(readEntry)
  const entries = read.filter((entry) => typeof entry !== "string")
  const names = entries.map(([name]) => name)
  const mistakes = [
    ...read.filter((entry) => typeof entry === "string"),
    ...new Set(names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} is there twice`))
  ]
  if (mistakes.length > 0) throw new Error(mistakes.join("; "))
  const all = { ...usual, ...Object.fromEntries(entries) } satisfies Partial<Record<RateClass, number | null>>
  return Object.fromEntries(Object.entries(all).filter(([, rate]) => rate !== null))
}
