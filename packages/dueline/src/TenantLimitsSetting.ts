/** The setting DUELINE_TENANT_LIMITS: what single tenants may take, where it differs from what all may. */
import type { TenantId } from "@dueline/contracts/Ids"
import { derivedTenantId } from "@dueline/identity/derivedId"

export interface TenantLimit {
  readonly weight?: number
  /** Attempts under way at once. */
  readonly concurrency?: number
  /** Attempts per second. */
  readonly rate?: number
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u
const bounds = { weight: [1, 1_000], concurrency: [1, 10_000], rate: [0.01, 100_000] } as const

const isWord = (word: string): word is keyof typeof bounds => word in bounds

const readPair = (entry: string, pair: string): readonly [keyof typeof bounds, number] => {
  const [word = "", text = ""] = pair.split("=")
  if (!isWord(word)) throw new Error(`"${entry}": after the tenant's name come weight=…, concurrency=… or rate=…`)
  const value = Number(text)
  const [least, most] = bounds[word]
  if (text === "" || !(value >= least && value <= most)) {
    throw new Error(`"${entry}": ${word} is a number from ${least} to ${most}`)
  }
  return [word, value]
}

/** `acme weight=4 concurrency=32, beta rate=100`: tenants by name or id. Throws an error that says what is wrong. */
export const readTenantLimits = (text: string): ReadonlyMap<TenantId, TenantLimit> => {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
  return new Map(
    entries.map((entry) => {
      const [name = "", ...pairs] = entry.split(/\s+/u)
      if (name.includes("=") || pairs.length === 0) {
        throw new Error(`"${entry}": write the tenant's name or id, then weight=…, concurrency=… or rate=…`)
      }
      const tenantId = uuid.test(name) ? (name as TenantId) : derivedTenantId(name)
      return [tenantId, Object.fromEntries(pairs.map((pair) => readPair(entry, pair)))] as const
    })
  )
}
