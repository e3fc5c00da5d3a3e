/**
 * * Spans of what the program does, where a tracer is installed. A span is made only below one that is sampled, and the sampling is decided once,
 * at the program's own door. What carries the decision on is a `traceparent` (W3C Trace Context, version 00) in envelopes, outbox rows, headers of
 * messages and of requests; so nothing is looked up, and without a tracer there is one comparison with null. * Attributes are ids, names and
 * numbers that this program made, and hosts; never an address, a header or a body: those may hold secrets. How a trace travels with a message
 * through the outbox: in the row's payload, and out of it before anybody sees the message.
 */
import { type Clock, Context, Exit, Option, type Random, Tracer } from "effect"

type Attributes = Readonly<Record<string, string | number | boolean>>

export interface ActiveSpan {
  /** For what follows from this span. */
  readonly traceparent: string
  readonly set: (name: string, value: string | number | boolean) => void
  /** Once. `error`: the kind of what went wrong, of a bounded set; null when nothing did. */
  readonly end: (error: string | null) => void
}

export interface Entered {
  /** In the place of what came: with our decision in it. Null when none came and nothing is sampled. */
  readonly traceparent: string | null
  /** Whether spans are wanted, and the one of the request itself. */
  readonly span: ActiveSpan | null
}

export interface Tracing {
  /** At the door: a trace that came is gone on with, but whether it is sampled is decided here, whatever its sender says. */
  readonly enter: (given: string | null, name: () => string, attributes: () => Attributes) => Entered
  /** Null unless `parent` is sampled. `detached`: a trace of its own, with a link to the parent, which ended long ago. */
  readonly child: (
    kind: Tracer.SpanKind,
    name: string,
    parent: string | null,
    attributes: Attributes,
    detached?: boolean
  ) => ActiveSpan | null
}

/** Null: there is no tracer. */
export const Tracing: Context.Reference<Tracing | null> = Context.Reference<Tracing | null>(
  "@dueline/contracts/Tracing",
  {
    defaultValue: () => null
  }
)

/** The trace that what is done now belongs to, for those who act because of a message. Null: none, or none that anybody wants to see. */
export const CurrentTrace: Context.Reference<string | null> = Context.Reference<string | null>(
  "@dueline/contracts/CurrentTrace",
  {
    defaultValue: () => null
  }
)

const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/u

/** Null when it is missing or broken: that is no reason to refuse anything. */
export const readTraceparent = (text: unknown): string | null =>
  typeof text === "string" && form.test(text) ? text : null

const flagsAt = 53

/** By the lowest bit of its flags. */
export const isSampled = (traceparent: string | null): traceparent is string =>
  traceparent !== null && "13579bdf".includes(traceparent.charAt(flagsAt + 1))

/** For a log line: which trace it belongs to, where that is to be seen. */
export const traceFields = (traceparent: string | null): { readonly traceId?: string } =>
  isSampled(traceparent) ? { traceId: traceparent.slice(3, 35) } : {}

const unsampled = (traceparent: string): string => `${traceparent.slice(0, flagsAt)}00`

const externalOf = (traceparent: string): Tracer.ExternalSpan =>
  Tracer.externalSpan({ traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52), sampled: true })

const noAnnotations = Context.empty()

interface Options {
  /** Share of requests at the door that are sampled, 0 to 1. */
  readonly ratio: number
  readonly clock: Clock.Clock
  readonly random: typeof Random.Random.Service
}

/** Over any tracer of Effect's. */
export const makeTracing = (tracer: Tracer.Tracer, { clock, random, ratio }: Options): Tracing => {
  const begin = (
    kind: Tracer.SpanKind,
    name: string,
    parent: Tracer.AnySpan | null,
    links: Array<Tracer.SpanLink>,
    attributes: Attributes
  ): ActiveSpan => {
    const span = tracer.span({
      name,
      kind,
      parent: parent === null ? Option.none() : Option.some(parent),
      root: parent === null,
      links,
      annotations: noAnnotations,
      startTime: clock.currentTimeNanosUnsafe(),
      sampled: true
    })
    for (const [attribute, value] of Object.entries(attributes)) span.attribute(attribute, value)
    return {
      traceparent: `00-${span.traceId}-${span.spanId}-${span.sampled ? "01" : "00"}`,
      set: (attribute, value) => span.attribute(attribute, value),
      end: (error) => {
        if (error !== null) span.attribute("error.type", error)
        span.end(clock.currentTimeNanosUnsafe(), error === null ? Exit.void : Exit.fail(error))
      }
    }
  }
  return {
    enter: (given, name, attributes) => {
      if (random.nextDoubleUnsafe() >= ratio) {
        return { traceparent: given === null ? null : unsampled(given), span: null }
      }
      const span = begin("server", name(), given === null ? null : externalOf(given), [], attributes())
      return { traceparent: span.traceparent, span }
    },
    child: (kind, name, parent, attributes, detached = false) => {
      if (!isSampled(parent)) return null
      const before = externalOf(parent)
      return detached
        ? begin(kind, name, null, [{ span: before, attributes: { "dueline.link": "submitted_by" } }], attributes)
        : begin(kind, name, before, [], attributes)
    }
  }
}

/** A name that no message has for a field. */
const key = "$traceparent"

/** Only a trace that somebody wants to see is carried: any other row is as it was. */
export const withTrace = (payload: unknown, traceparent: string | null): unknown =>
  isSampled(traceparent) && typeof payload === "object" && payload !== null
    ? { ...payload, [key]: traceparent }
    : payload

/** The message as it was announced, and the trace that it belongs to. */
export const takeTrace = (payload: unknown): { readonly payload: unknown; readonly traceparent: string | null } => {
  if (typeof payload !== "object" || payload === null || !(key in payload)) return { payload, traceparent: null }
  const { [key]: traceparent, ...rest } = payload
  return { payload: rest, traceparent: typeof traceparent === "string" ? traceparent : null }
}
