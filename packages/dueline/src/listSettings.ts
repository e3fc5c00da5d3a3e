/** Settings that are lists: how they are read, and what the entries of each say. */
import type { RatesPerMinute } from "@dueline/api/access/RateLimits"
import { RateClass } from "@dueline/contracts/api/RateLimit"
import { readRoles, type Roles } from "@dueline/contracts/api/roles"
import type { TenantId } from "@dueline/contracts/Ids"
import { type Days, mostDays, type RetentionLimits } from "@dueline/contracts/retention"
import { derivedTenantId } from "@dueline/identity/derivedId"
import type { TenantLimit, TenantLimits } from "@dueline/timer/TenantLimits"
import { Result } from "effect"
import type { Settings } from "./Configuration.ts"

/** The entries of a setting that is a list: parted by commas, blanks around them left out. */
export const entriesOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

// How often tenants may change what, from the settings.

/**
 * Of classes that are not named. Service calls are the main path and have limits of their own, on what is started. Couriers send some hundred
 * events a second when many parcels move at once: theirs is ten times that, against a courier that runs in a circle.
 */
const usual: RatesPerMinute = { orders: 120, ingestion: 200, courier: 300_000 }

const mostRequests = 1_000_000

const isClass = (name: string): name is RateClass => (RateClass.literals as ReadonlyArray<string>).includes(name)

/** A class and its rate, null for none; or what is wrong with the entry. */
const readEntry = (entry: string): readonly [RateClass, number | null] | string => {
  const [name = "", text = "", ...rest] = entry.split("=").map((part) => part.trim())
  if (!isClass(name)) return `"${entry}": classes are ${RateClass.literals.join(", ")}`
  if (text === "off" && rest.length === 0) return [name, null]
  const rate = Number(text)
  return /^\d+$/u.test(text) && rest.length === 0 && rate >= 1 && rate <= mostRequests
    ? [name, rate]
    : `"${entry}": write ${name}=N, N requests a minute from 1 to ${mostRequests}, or ${name}=off`
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

// Roles beside the built-in ones, from the settings.

/** `planner=viewer +ops:orders.write`. Throws an error that says what is wrong. */
export const readCustomRoles = (text: string): Roles => {
  const read = readRoles(entriesOf(text))
  if (Result.isFailure(read)) throw new Error(read.failure)
  return read.success
}

// What tenants may take, from the settings.

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u

/** What each word of the setting limits, from the least value to the most. */
const words = {
  weight: { limits: "weight", least: 1, most: 1_000 },
  concurrency: { limits: "concurrency", least: 1, most: 10_000 },
  target: { limits: "perTarget", least: 1, most: 10_000 },
  rate: { limits: "ratePerSecond", least: 0.01, most: 100_000 }
} as const satisfies Readonly<
  Record<string, { readonly limits: keyof TenantLimit; readonly least: number; readonly most: number }>
>

const isWord = (word: string): word is keyof typeof words => word in words

const readPair = (entry: string, pair: string): readonly [keyof TenantLimit, number] => {
  const [word = "", text = ""] = pair.split("=")
  if (!isWord(word))
    throw new Error(`"${entry}": after the tenant's name come weight=…, concurrency=…, target=… or rate=…`)
  const value = Number(text)
  const { least, limits, most } = words[word]
  if (text === "" || !(value >= least && value <= most)) {
    throw new Error(`"${entry}": ${word} is a number from ${least} to ${most}`)
  }
  return [limits, value]
}

/** `acme weight=4 concurrency=32 target=16, beta rate=100`: tenants by name or id. Throws an error that says what is wrong. */
export const readTenantLimits = (text: string): ReadonlyMap<TenantId, Partial<TenantLimit>> =>
  new Map(
    entriesOf(text).map((entry) => {
      const [name = "", ...pairs] = entry.split(/\s+/u)
      if (name.includes("=") || pairs.length === 0) {
        throw new Error(`"${entry}": write the tenant's name or id, then weight=…, concurrency=…, target=… or rate=…`)
      }
      const tenantId = uuid.test(name) ? (name as TenantId) : derivedTenantId(name)
      return [tenantId, Object.fromEntries(pairs.map((pair) => readPair(entry, pair)))] as const
    })
  )

// How long things are kept, from the settings.

interface KeptFor {
  readonly usually: Days
  readonly tenants: ReadonlyMap<TenantId, Days>
}

const readDays = (entry: string, text: string): Days => {
  if (text === "forever") return null
  const days = Number(text)
  if (/^\d{1,5}$/u.test(text) && days >= 1 && days <= mostDays) return days
  throw new Error(`"${entry}": write days from 1 to ${mostDays}, or forever`)
}

/** `90, acme=forever, beta=30`: of tenants by name or id, and of those that are not named. Throws an error that says what is wrong. */
export const readRetention = (text: string): KeptFor => {
  const [usual = "", ...named] = entriesOf(text)
  const tenants = named.map((entry) => {
    const [name = "", days = "", ...rest] = entry.split("=").map((part) => part.trim())
    if (name === "" || rest.length > 0)
      throw new Error(`"${entry}": write the tenant's name or id, then =DAYS or =forever`)
    return [uuid.test(name) ? (name as TenantId) : derivedTenantId(name), readDays(entry, days)] as const
  })
  return { usually: readDays(usual, usual), tenants: new Map(tenants) }
}

const keptForOf = ({ tenants, usually }: KeptFor, tenantId: TenantId): Days => {
  const own = tenants.get(tenantId)
  return own === undefined ? usually : own
}

export type RetentionSettings = Pick<
  Settings,
  "DUELINE_RETENTION" | "DUELINE_RETENTION_LEAST" | "DUELINE_RECEIPT_HOURS"
>

/** An answer to a command is never removed before its receipt, nor within a day after it. */
export const retentionLimits = (settings: RetentionSettings): ((tenantId: TenantId) => RetentionLimits) => {
  const kept = readRetention(settings.DUELINE_RETENTION)
  const receipts = Math.ceil(settings.DUELINE_RECEIPT_HOURS / 24) + 1
  return (tenantId) => {
    const most = keptForOf(kept, tenantId)
    const least = Math.max(receipts, settings.DUELINE_RETENTION_LEAST)
    return { least: most === null ? least : Math.min(least, most), most }
  }
}

const positive = (value: number): number | null => (value === 0 ? null : value)

export const tenantLimitsOf = (settings: Settings): TenantLimits => ({
  default: {
    weight: 1,
    concurrency: positive(settings.DUELINE_TENANT_CONCURRENCY),
    perTarget: positive(settings.DUELINE_TENANT_TARGET_CONCURRENCY),
    ratePerSecond: positive(settings.DUELINE_TENANT_RATE),
    burst: null
  },
  overrides: readTenantLimits(settings.DUELINE_TENANT_LIMITS)
})
