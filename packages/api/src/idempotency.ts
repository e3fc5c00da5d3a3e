/** What makes two requests the same: a fingerprint over method, route and the meaning of the body. */
import { hash } from "node:crypto"

/** The order of an object's names means nothing in JSON, so it is taken out. Expects a value whose depth is bounded. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`
  }
  return JSON.stringify(value) ?? "null"
}

/** `body` is the decoded body, or null when the operation has none. */
export const canonicalRequest = (method: string, route: string, body: unknown): string =>
  `${method} ${route}\n${canonicalJson(body)}`

/** SHA-256 in base64url. */
export const fingerprint = (method: string, route: string, body: unknown): string =>
  hash("sha256", canonicalRequest(method, route, body), "base64url")

/** A key of any length as 43 characters, so that it fits into a command id. */
export const shortKey = (key: string): string => hash("sha256", key, "base64url")
