/** How a target checks that a request came from Dueline, and which attempt it is. Needs nothing but Node. */
import { createHmac, timingSafeEqual } from "node:crypto"

const isSigned = (secret: string, text: string, header: string): boolean => {
  const right = createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"))
    .update(text)
    .digest()
  return header.split(" ").some((part) => {
    const given = Buffer.from(part.replace(/^v1,/, ""), "base64")
    return given.length === right.length && timingSafeEqual(given, right)
  })
}

/** `headers` with names in lower case, `body` as it came, `now` in epoch milliseconds. Null: do not believe it. */
export const verifyRequest = (
  secret: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
  now: number
) => {
  const header = (name: string) => headers[name] ?? ""
  const [id, at] = [header("webhook-id"), header("webhook-timestamp")]
  const [epoch, attempt] = [header("dueline-epoch"), header("dueline-attempt")]
  if (!(Math.abs(now / 1_000 - Number(at)) <= 300)) return null
  if (!isSigned(secret, `${id}.${at}.${body}`, header("webhook-signature"))) return null
  if (!isSigned(secret, `${id}.${epoch}.${attempt}.${at}.${body}`, header("dueline-signature"))) return null
  return { callId: id, epoch: Number(epoch), attempt: Number(attempt) }
}
