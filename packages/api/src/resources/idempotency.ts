/** What makes two requests the same: a fingerprint over method, route and the meaning of the body. */
import { hash } from "node:crypto"

/** The order of an object's names means nothing in JSON, so it is taken out. Expects a value whose depth is bounded. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  let text = ""
  if (Array.isArray(value)) {
    for (const member of value) text += `${text === "" ? "" : ","}${canonicalJson(member)}`
    return `[${text}]`
  }
  // By code units, as `<` has it.
  for (const name of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** `body` is the decoded body, or null when the operation has none. */
export const canonicalRequest = (method: string, route: string, body: unknown): string =>
  `${method} ${route}\n${canonicalJson(body)}`

/** SHA-256 in base64url. */
export const fingerprint = (method: string, route: string, body: unknown): string =>
  hash("sha256", canonicalRequest(method, route, body), "base64url")

/** A key of any length as 43 characters, so that it fits into a command id. */
export const shortKey = (key: string): string => hash("sha256", key, "base64url")
