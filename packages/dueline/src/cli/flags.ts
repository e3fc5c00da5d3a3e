/** Flags that several commands understand in the same way. */
import { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { ETag, Instant, parseDelay } from "@dueline/contracts/api/Wire"
import { Option } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"

/** Undefined when the flag was not given. */
export const maybe = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> => flag.pipe(Flag.optional, Flag.map(Option.getOrUndefined))

const hasUnit = (text: string): boolean => Number.isFinite(parseDelay(text))

/** `500ms`, `3s`, `5m`, `2h`, `1d` or ISO 8601; the text as it was given. */
export const durationText = (name: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(
    Flag.withMetavar("duration"),
    Flag.withDescription(description),
    Flag.filter(hasUnit, (text) => `"${text}" is no duration; write e.g. 500ms, 3s, 5m, 2h or 1d`)
  )

/** The same in milliseconds, between two bounds. */
export const durationBetween = (name: string, description: string, least: number, most: number): Flag.Flag<number> =>
  durationText(name, description).pipe(
    Flag.map(parseDelay),
    Flag.filter((millis) => millis >= least && millis <= most, () => `must be between ${least} ms and ${most} ms`)
  )

export const delay = maybe(durationText("delay", "Due this long from now: 500ms, 3s, 5m, 2h, 1d or ISO 8601 (PT3S)"))

export const instant = (name: string, description: string): Flag.Flag<string | undefined> =>
  maybe(Flag.String(name).pipe(Flag.withSchema(Instant), Flag.withMetavar("time"), Flag.withDescription(description)))

export const dueAt = instant("due-at", "Due at this time, with its offset (RFC 3339): 2026-01-31T09:00:00Z")

export const key = maybe(
  Flag.String("key").pipe(
    Flag.withSchema(IdempotencyKey),
    Flag.withMetavar("key"),
    Flag.withDescription("Idempotency key: the same key with the same request is answered again and does nothing twice")
  )
)

export const ifMatch = maybe(
  Flag.String("if-match").pipe(
    Flag.map((text) => (/^\d+$/u.test(text) ? `"${text}"` : text)),
    Flag.withSchema(ETag),
    Flag.withMetavar("version"),
    Flag.withDescription("Only if this is still the version: 3 or '\"3\"'")
  )
)

export const callId = Argument.String("id").pipe(
  Argument.withSchema(ServiceCallId),
  Argument.withDescription("The id of the service call")
)

type Given<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }

/** Leaves out what is undefined: an absent member and an undefined one are not the same to the API. */
export const given = <A extends object>(members: A): Given<A> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<A>
