/** Of what commands are made: flags that several of them understand in the same way, and handlers that are loaded when they are run. */
import { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { AsOf, ETag, Instant, parseDelay } from "@dueline/contracts/api/Wire"
import { Effect, Option, Schema } from "effect"
import { GlobalFlag } from "effect/cli"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import { span } from "./format.ts"

/** A command's handler that is loaded when the command is run: other commands, `serve` before all, need not wait for it. */
export const loadWhenRun =
  <M, I, A, E, R>(load: () => Promise<M>, pick: (module: M) => (input: I) => Effect.Effect<A, E, R>) =>
  (input: I): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.promise(load), (module) => pick(module)(input))

/** Undefined when the flag was not given. */
export const optional = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> =>
  flag.pipe(Flag.optional, Flag.map(Option.getOrUndefined))

/** On when it is given, and else off. There is no `--no-NAME` to it. */
export const switchFlag = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withoutNegation, Flag.withDescription(description))

const isKey = Schema.is(IdempotencyKey)
const hasUnit = (text: string): boolean => Number.isFinite(parseDelay(text))

/** Read as text, so that whatever was written instead is told in the same words. */
export const wholeNumber = (name: string, description: string, least: number, most: number): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.filter(
      (text) => /^\d{1,15}$/u.test(text) && Number(text) >= least && Number(text) <= most,
      () => `a whole number from ${least} to ${most}`
    ),
    Flag.map(Number),
    Flag.withMetavar("number"),
    Flag.withDescription(description)
  )

/** A text that a schema of the API would refuse is refused here, in words for the command line. */
export const textFlag = (name: string, schema: Schema.Codec<unknown, unknown>, expected: string): Flag.Flag<string> =>
  Flag.String(name).pipe(Flag.filter(Schema.is(schema), () => expected))

/** `500ms`, `3s`, `5m`, `2h`, `1d` or ISO 8601; the text as it was given. */
export const durationText = (name: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(
    Flag.withMetavar("duration"),
    Flag.withDescription(description),
    Flag.filter(hasUnit, () => "a duration, e.g. 500ms, 3s, 5m, 2h or 1d")
  )

/** The same in milliseconds, between two bounds. */
export const durationBetween = (name: string, description: string, least: number, most: number): Flag.Flag<number> =>
  durationText(name, description).pipe(
    Flag.map(parseDelay),
    Flag.filter(
      (millis) => millis >= least && millis <= most,
      () => `between ${span(least)} and ${span(most)}`
    )
  )

export const delay = optional(durationText("delay", "Due this long from now: 500ms, 3s, 5m, 2h, 1d or ISO 8601 (PT3S)"))

/** One that has to be there. */
export const givenInstant = (name: string, description: string): Flag.Flag<string> =>
  Flag.String(name).pipe(
    Flag.filter(Schema.is(Instant), () => "a date and time with offset, e.g. 2026-01-31T09:00:00Z"),
    Flag.withMetavar("time"),
    Flag.withDescription(description)
  )

export const instant = (name: string, description: string): Flag.Flag<string | undefined> =>
  optional(givenInstant(name, description))

export const dueAt = instant("due-at", "Due at this time, with its offset (RFC 3339): 2026-01-31T09:00:00Z")

export const key = optional(
  Flag.String("key").pipe(
    Flag.filterMap(
      (text) => Option.liftPredicate(text, isKey),
      () => "1 to 255 visible ASCII characters"
    ),
    Flag.withMetavar("key"),
    Flag.withDescription("Idempotency key: the same key with the same request is answered again and does nothing twice")
  )
)

export const ifMatch = optional(
  Flag.String("if-match").pipe(
    Flag.map((text) => (/^\d+$/u.test(text) ? `"${text}"` : text)),
    Flag.filter(Schema.is(ETag), () => "a version, e.g. 3"),
    Flag.withMetavar("version"),
    Flag.withDescription("Only if this is still the version: 3 or '\"3\"'")
  )
)

/** A version or an instant, where something is looked back at. */
export const asOf = optional(
  textFlag("as-of", AsOf, "a version such as 3, or a date and time with offset, e.g. 2026-01-31T09:00:00Z").pipe(
    Flag.withMetavar("version or time"),
    Flag.withDescription("As it was with this version, or at this time")
  )
)

/** An id in either case of its letters. */
export const idArgument = <A extends string>(
  schema: Schema.Schema<A>,
  expected: string,
  description: string
): Argument.Argument<A> =>
  Argument.String("id").pipe(
    Argument.filterMap(
      (text) => Option.liftPredicate(text.toLowerCase(), Schema.is(schema)),
      () => expected
    ),
    Argument.withDescription(description)
  )

export const callId = idArgument(
  ServiceCallId,
  "the id of a service call, e.g. 018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f",
  "The id of the service call"
)

type WithoutUndefined<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }

/** Leaves out what is undefined: an absent member and an undefined one are not the same to the API. */
export const withoutUndefined = <A extends object>(members: A): WithoutUndefined<A> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as WithoutUndefined<A>

export const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol)

export const expectedAddress = "an address, e.g. http://127.0.0.1:8080"

export const ServerAddress = GlobalFlag.Setting("server")({
  flag: optional(
    Flag.String("server").pipe(
      Flag.filter(isAddress, () => expectedAddress),
      Flag.withMetavar("url"),
      Flag.withDescription("Where the program answers (else DUELINE_SERVER, else http://127.0.0.1:$PORT)")
    )
  )
})

export const Token = GlobalFlag.Setting("token")({
  flag: optional(
    Flag.String("token").pipe(
      Flag.withMetavar("jwt"),
      Flag.withDescription("Access token (else DUELINE_TOKEN, else one is made from the keys in DUELINE_HOME)")
    )
  )
})

export const CallTenant = GlobalFlag.Setting("tenant")({
  flag: Flag.String("tenant").pipe(
    Flag.withDefault("demo"),
    Flag.withMetavar("name"),
    Flag.withDescription("The tenant, by name or id, for whom a token is made when none is given")
  )
})

export const callFlags = [ServerAddress, Token, CallTenant] as const
