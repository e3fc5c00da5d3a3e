/**
 * The text by which a session is held: `dls_`, then tenant, session and 256 random bits in base64url. It names its session, so that it is
 * looked up without a search and within its tenant; scanners for secrets that leaked know it by `dls_[\w-]{86}`.
 */
import { TenantId } from "@dueline/contracts/Ids"
import type { SessionKey } from "@dueline/contracts/ports/Sessions"
import { SessionId } from "@dueline/contracts/session/Session"
import { drawKey as drawBytes } from "@dueline/secrets/sealedBox"
import { Schema } from "effect"
import { hash } from "node:crypto"

export const secretPrefix = "dls_"
const form = /^dls_[\w-]{86}$/u

const isTenantId = Schema.is(TenantId)
const isSessionId = Schema.is(SessionId)

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex")

const idAt = (bytes: Buffer, start: number): string =>
  bytes.toString("hex", start, start + 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5")

/** SHA-256 in base64url. */
const digestOf = (text: string): string => hash("sha256", text, "base64url")

export interface DrawnSecret {
  /** Shown once, to whom it is for. */
  readonly text: string
  /** What is kept of it. */
  readonly digest: string
}

/** A new one, from the system's random source. */
export const drawSecret = ({ sessionId, tenantId }: SessionKey): DrawnSecret => {
  const bytes = Buffer.concat([bytesOf(tenantId), bytesOf(sessionId), drawBytes().export()])
  const text = secretPrefix + bytes.toString("base64url")
  return { text, digest: digestOf(text) }
}

/** Which session it says it holds; null for what is no such text. */
export const readSecret = (text: string): (SessionKey & { readonly digest: string }) | null => {
  if (!form.test(text)) return null
  const bytes = Buffer.from(text.slice(secretPrefix.length), "base64url")
  // The last character stands for six bits, of which two are no part of the bytes: in one spelling only.
  if (bytes.toString("base64url") !== text.slice(secretPrefix.length)) return null
  const [tenantId, sessionId] = [idAt(bytes, 0), idAt(bytes, 16)]
  return isTenantId(tenantId) && isSessionId(sessionId) ? { tenantId, sessionId, digest: digestOf(text) } : null
}
