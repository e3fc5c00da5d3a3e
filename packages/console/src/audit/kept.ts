/** What this browser keeps of a check for the next one: the tree as it was then, and the key that somebody trusts. */
import { Schema } from "effect"
import type { Begun } from "./checkLog.ts"
import { base64Of, bytesOf } from "./tree.ts"

export interface Kept extends Begun {
  /** ISO 8601. */
  readonly at: string
}

const Written = Schema.fromJsonString(
  Schema.Struct({
    size: Schema.Int,
    peaks: Schema.Array(Schema.String),
    resume: Schema.String,
    own: Schema.Int,
    at: Schema.String
  })
)
const decode = Schema.decodeUnknownOption(Written)

const nameOf = (tenant: string): string => `dueline.audit.${tenant}`

export const keptOf = (tenant: string): Kept | null => {
  const found = decode(localStorage.getItem(nameOf(tenant)))
  if (found._tag === "None") return null
  const { at, own, peaks, resume, size } = found.value
  return { tree: { size, peaks: peaks.map(bytesOf) }, resume, own, at }
}

export const keep = (tenant: string, { at, own, resume, tree }: Kept): void =>
  localStorage.setItem(
    nameOf(tenant),
    JSON.stringify({ size: tree.size, peaks: tree.peaks.map(base64Of), resume, own, at })
  )

export const forget = (tenant: string): void => localStorage.removeItem(nameOf(tenant))

const keyName = "dueline.audit.key"

export const keptKey = (): string => localStorage.getItem(keyName) ?? ""
export const keepKey = (text: string): void => localStorage.setItem(keyName, text.trim())
