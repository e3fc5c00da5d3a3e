/**
 * How a sender signs what it sends, as data: HMAC-SHA256 over parts of the request, written into a header. One value describes one sender,
 * so that a further sender needs no code. The check itself is in `@dueline/secrets/requestSignature`.
 */
import { Schema } from "effect"

/** The name of a header, in lower case as it is looked up. */
export const HeaderName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/u, { expected: "the name of a header in lower case" })
)

const Prefix = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,32}$/u, { expected: "1 to 32 visible characters" }))

/** Where in a header a value is: one of the elements that `split` parts, behind `prefix`. */
const place = {
  header: HeaderName,
  split: Schema.NullOr(Schema.Literals([",", " ", ";"])),
  prefix: Schema.NullOr(Prefix)
}

const headerPart = /^\{header:([^}]{1,64})\}$/u

/** The name of the header that a part of the content stands for; null for every other part. */
export const headerOfPart = (part: string): string | null => headerPart.exec(part)?.[1] ?? null

const isPart = (part: string): boolean =>
  part === "{timestamp}" ||
  part === "{body}" ||
  /^[^{}]{1,32}$/u.test(part) ||
  Schema.is(HeaderName)(headerOfPart(part) ?? "")

const Part = Schema.String.check(
  Schema.makeFilter(
    (part: string) =>
      isPart(part) || "must be {timestamp}, {body}, {header:name} or text without braces of 32 characters at most"
  )
)

const count = (parts: ReadonlyArray<string>, part: string): number => parts.filter((each) => each === part).length

export const SignatureScheme = Schema.Struct({
  signature: Schema.Struct(place),
  encoding: Schema.Literals(["hex", "base64"]),
  /** Null: nothing says when it was signed, and only the id of the event keeps an old request out. */
  timestamp: Schema.NullOr(Schema.Struct({ ...place, unit: Schema.Literals(["s", "ms"]) })),
  /** What is signed, part by part. */
  content: Schema.Array(Part).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(8),
    Schema.makeFilter((parts: ReadonlyArray<string>) => count(parts, "{body}") === 1 || "must hold {body} once")
  ),
  /** How the key follows from the secret's text: what is behind `prefix`, decoded. */
  secret: Schema.Struct({
    encoding: Schema.Literals(["utf8", "base64", "hex"]),
    prefix: Schema.NullOr(Prefix),
    normalise: Schema.NullOr(Schema.Literal("NFKD"))
  }),
  /** The header that names a delivery in the sender's own log; null: none does. */
  delivery: Schema.NullOr(HeaderName)
})
  .check(
    Schema.makeFilter(
      ({ content, timestamp }) =>
        count(content, "{timestamp}") === (timestamp === null ? 0 : 1) || {
          path: ["content"],
          issue: "must hold {timestamp} once when there is a timestamp, and never when there is none"
        }
    )
  )
  .annotate({ identifier: "SignatureScheme" })
export type SignatureScheme = typeof SignatureScheme.Type

const whole = (header: string, prefix: string | null = null) => ({ header, split: null, prefix })
const plainText = { encoding: "utf8", prefix: null, normalise: null } as const
const ofBody = (
  header: string,
  encoding: SignatureScheme["encoding"],
  more: { readonly prefix?: string; readonly delivery?: string; readonly normalise?: "NFKD" } = {}
): SignatureScheme => ({
  signature: whole(header, more.prefix ?? null),
  encoding,
  timestamp: null,
  content: ["{body}"],
  secret: { ...plainText, normalise: more.normalise ?? null },
  delivery: more.delivery ?? null
})

/** Senders that are known, by name. */
export const schemePresets = {
  "standard-webhooks": {
    signature: { header: "webhook-signature", split: " ", prefix: "v1," },
    encoding: "base64",
    timestamp: { ...whole("webhook-timestamp"), unit: "s" },
    content: ["{header:webhook-id}", ".", "{timestamp}", ".", "{body}"],
    secret: { encoding: "base64", prefix: "whsec_", normalise: null },
    delivery: "webhook-id"
  },
  stripe: {
    signature: { header: "stripe-signature", split: ",", prefix: "v1=" },
    encoding: "hex",
    timestamp: { header: "stripe-signature", split: ",", prefix: "t=", unit: "s" },
    content: ["{timestamp}", ".", "{body}"],
    secret: plainText,
    delivery: null
  },
  github: ofBody("x-hub-signature-256", "hex", { prefix: "sha256=", delivery: "x-github-delivery" }),
  shopify: ofBody("x-shopify-hmac-sha256", "base64", { delivery: "x-shopify-event-id" }),
  easypost: ofBody("x-hmac-signature", "hex", { prefix: "hmac-sha256-hex=", normalise: "NFKD" }),
  aftership: ofBody("aftership-hmac-sha256", "base64")
} as const satisfies Readonly<Record<string, SignatureScheme>>

export type SchemePreset = keyof typeof schemePresets
export const SchemePreset = Schema.Literals(Object.keys(schemePresets) as ReadonlyArray<SchemePreset>)
