/**
 * How an aggregate of any kind is created and changed over HTTP: the key and the id that follows from it, the fingerprint, the version that
 * is meant, the envelope, and the headers of the answer. A kind gives what differs: how a body becomes a command, what is answered, and its
 * table of refusals. Body, method, address, and whether `If-Match` is required come from the endpoint's definition.
 */
import { Principal } from "@dueline/contracts/api/Access"
import { operations } from "@dueline/contracts/api/Api"
import type { conditional } from "@dueline/contracts/api/conventions"
import type {
  BadRequest,
  NotFound,
  PreconditionRequired,
  Unavailable,
  Unprocessable
} from "@dueline/contracts/api/ProblemError"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import {
  type Category,
  type CommandOf,
  type IdOf,
  kinds,
  type OutcomeOfKind,
  type RejectionOfKind
} from "@dueline/contracts/kinds"
import type { Answer, Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { Origin } from "@dueline/contracts/serviceCall/Spec"
import { derivedId } from "@dueline/identity/derivedId"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Effect, Schema } from "effect"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import type { HttpApiEndpoint } from "effect/http-api"
import { makeAttributes } from "../access/attributes.ts"
import { answer } from "../requests/answer.ts"
import { fingerprint, makeAsk, now, traceparentOf } from "./asking.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import type { Telling } from "../requests/fieldProblems.ts"
import { type BodyProblem, isBodiless, jsonBody, noBody } from "../requests/requestBody.ts"
import { expectedVersion, ifMatchRequired } from "./preconditions.ts"
import {
  type ChangeProblem,
  type CreationProblem,
  refusedChange,
  refusedCreation,
  type Refusals,
  type Table
} from "../requests/refusal.ts"

type Operations<K extends Category> = (typeof operations)[K]["endpoints"]
type Name<K extends Category> = keyof Operations<K> & string
type Body<K extends Category, E extends Name<K>> = HttpApiEndpoint.Payload<Operations<K>[E]>["Type"]

/** Of the body that an operation takes, or of one where it takes none. */
type BodyErrors<K extends Category, E extends Name<K>> = [HttpApiEndpoint.Payload<Operations<K>[E]>] extends [never]
  ? Exclude<BodyProblem, { readonly _tag: "UnsupportedMediaType" }>
  : BodyProblem
/** An operation that requires `If-Match` is one that may answer 428. */
type IfMatchErrors<K extends Category, E extends Name<K>> = Extract<
  HttpApiEndpoint.Error<Operations<K>[E]>["Type"],
  PreconditionRequired
>

export interface Sent {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: Schema.Struct.Type<typeof conditional>
}
export interface SentTo extends Sent {
  readonly params: { readonly id: string }
}

interface Asked<K extends Category, B> {
  readonly tenantId: TenantId
  readonly id: IdOf<K>
  readonly at: EpochMillis
  readonly body: B
}
interface AskedAnew<K extends Category, B> extends Asked<K, B> {
  /** Of the request; null without a key. */
  readonly fingerprint: string | null
  readonly origin: Origin
}

/** A command, or why there is none. */
type Made<K extends Category> = CommandOf<K> | Effect.Effect<CommandOf<K>, Unprocessable, Principal>
const toEffect = <A, E, R>(made: A | Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.isEffect(made) ? made : Effect.succeed(made)

type AnswerOf<K extends Category> = Answer<OutcomeOfKind<K>>

export interface WriteParts<K extends Category, T extends Table> {
  readonly refusals: T & Refusals<RejectionOfKind<K>>
  /**
   * From the answer alone, never from the row: a repeat gets the same bytes. `command`: the one of this request, for what is shown once and
   * kept nowhere.
   */
  readonly state: (tenantId: TenantId, answer: AnswerOf<K>, command: CommandOf<K>) => { readonly version: number }
  /** The version of one that is there. */
  readonly present: (
    tenantId: TenantId,
    id: IdOf<K>
  ) => Effect.Effect<{ readonly version: number }, NotFound | Unavailable>
  /** Of method, address and body, where a plain one would tell too much. */
  readonly fingerprint?: typeof fingerprint
  /** How faults of a body are told, where the usual way would tell too much. */
  readonly telling?: Telling
}

interface How<K extends Category, T extends Table, Except extends keyof T> {
  /** Names the command under a key, so that a repeat is recognised: stays as it is for ever. */
  readonly as: string
  /** Tags of rejections that this change cannot meet. */
  readonly except?: ReadonlyArray<Except>
  /** A request without a body means `{}`. */
  readonly bodyOptional?: true
  readonly status?: (outcome: OutcomeOfKind<K>) => 200 | 202
}

const writeScopeOf = (kind: Category) => `ops:${kinds[kind].scope}.write`

/** What an endpoint's definition says of its requests. */
const readEndpoint = (
  endpoint: HttpApiEndpoint.Top,
  { bodyOptional, telling }: { readonly bodyOptional?: true; readonly telling?: Telling }
) => {
  const [payload] = [...endpoint.payload.values()].flatMap(({ schemas }) => schemas)
  const read = payload === undefined ? noBody : jsonBody(payload as Schema.Codec<unknown, unknown>, telling)
  const address = endpoint.path.replace(/\/$/u, "")
  return {
    method: endpoint.method,
    read: (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, BodyProblem> =>
      bodyOptional === true && isBodiless(request) ? Effect.succeed({}) : read(request),
    hasBody: payload !== undefined,
    ifMatchRequired: [...endpoint.error].some((error) => Schema.resolveAnnotations(error)?.["httpApiStatus"] === 428),
    addressOf: (id: string) => address.replace(":id", id)
  }
}

export const makeWrites = <K extends Category, const T extends Table>(kind: K, parts: WriteParts<K, T>) =>
  Effect.map(Effect.all([makeAsk, makeAttributes]), ([askAny, { demand }]) => {
    const endpoints = operations[kind].endpoints as Readonly<Record<string, HttpApiEndpoint.Top>>
    const fingerprintOf = parts.fingerprint ?? fingerprint
    const endpointOf = (name: string, bodyOptional?: true) => {
      const { telling } = parts
      const endpoint = endpoints[name]
      if (endpoint === undefined) throw new Error(`${kind} has no operation ${name}`)
      return readEndpoint(endpoint, {
        ...(bodyOptional === undefined ? {} : { bodyOptional }),
        ...(telling === undefined ? {} : { telling })
      })
    }
    const ask = (question: Parameters<typeof askAny>[0], command: CommandOf<K>) =>
      askAny(question, command) as unknown as Effect.Effect<AnswerOf<K>, Refusal<RejectionOfKind<K>>, Principal>
    const refusalsOf = parts.refusals as Table

    const create = <E extends Name<K>>(
      name: E,
      {
        as,
        command,
        placeOf
      }: {
        readonly as: string
        readonly command: (asked: AskedAnew<K, Body<K, E>>) => Made<K>
        /** For a kind whose id and tenant follow from what the body says. */
        readonly placeOf?: (
          body: Body<K, E>,
          tenantId: TenantId
        ) => { readonly tenantId: TenantId; readonly id: IdOf<K> }
      }
    ) => {
      const { addressOf, method, read } = endpointOf(name)
      const address = addressOf("")
      const refused = refusedCreation(refusalsOf)
      const handler = Effect.fnUntraced(function* ({ headers, request }: Sent) {
        const body = (yield* read(request)) as Body<K, E>
        const asker = yield* Principal
        const key = headers["idempotency-key"]
        const place = placeOf?.(body, asker.tenantId)
        const tenantId = place?.tenantId ?? asker.tenantId
        const id =
          place?.id ?? (key === undefined ? ((yield* randomUuidV7) as IdOf<K>) : derivedId(kind, tenantId, key))
        // Under a key it may be another's that is there already.
        yield* demand(writeScopeOf(kind), tenantId, { id, tags: [] })
        const print = key === undefined ? null : fingerprintOf(method, address, body)
        const origin = { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request.headers) }
        const made = yield* toEffect(command({ tenantId, id, at: yield* now, body, fingerprint: print, origin }))
        const question = { request, headers, name: as, id, fingerprint: print, expectedVersion: null }
        const asked = Effect.provideService(ask(question, made), Principal, { ...asker, tenantId })
        const given = yield* Effect.catch(asked, (refusal) => refused(refusal, tenantId))
        return answer(201, parts.state(tenantId, given, made), { ...given, location: `${address}/${id}` })
      })
      return handler as (
        sent: Sent
      ) => Effect.Effect<
        HttpServerResponse.HttpServerResponse,
        BodyErrors<K, E> | Unprocessable | CreationProblem<T>,
        Principal
      >
    }

    /** The steps of a change, for one whose command depends on what is there. */
    const writing = <E extends Name<K>, const Except extends keyof T = never>(name: E, how: How<K, T, Except>) => {
      const { addressOf, hasBody, ifMatchRequired: required, method, read } = endpointOf(name, how.bodyOptional)
      const refused = refusedChange(refusalsOf, how.except as ReadonlyArray<string> | undefined)
      return {
        /** The body, once it is known which version is meant, where that has to be said. */
        read: Effect.fnUntraced(function* ({ headers, request }: Sent) {
          const body = yield* read(request)
          if (required) yield* ifMatchRequired(headers["if-match"])
          return hasBody ? body : null
        }) as (sent: Sent) => Effect.Effect<Body<K, E>, BodyErrors<K, E> | IfMatchErrors<K, E>>,

        ask: Effect.fnUntraced(function* (
          { headers, params, request }: SentTo,
          body: Body<K, E>,
          command: CommandOf<K>,
          version: number | null
        ) {
          const { tenantId } = yield* Principal
          const { id } = params
          const print = headers["idempotency-key"] === undefined ? null : fingerprintOf(method, addressOf(id), body)
          const question = { request, headers, name: how.as, id, fingerprint: print, expectedVersion: version }
          return yield* Effect.catch(ask(question, command), (refusal) => refused(refusal, tenantId))
        }) as (
          sent: SentTo,
          body: Body<K, E>,
          command: CommandOf<K>,
          version: number | null
        ) => Effect.Effect<AnswerOf<K>, ChangeProblem<T, Except>, Principal>,

        answer: (tenantId: TenantId, given: AnswerOf<K>, command: CommandOf<K>) =>
          answer(how.status?.(given.outcome) ?? 200, parts.state(tenantId, given, command), given)
      }
    }

    const change = <E extends Name<K>, const Except extends keyof T = never>(
      name: E,
      how: How<K, T, Except> & { readonly command: (asked: Asked<K, Body<K, E>>) => Made<K> }
    ) => {
      const steps = writing<E, Except>(name, how)
      return Effect.fnUntraced(function* (
        sent: SentTo
      ): Effect.fn.Return<
        HttpServerResponse.HttpServerResponse,
        | BodyErrors<K, E>
        | IfMatchErrors<K, E>
        | BadRequest
        | NotFound
        | Unprocessable
        | Unavailable
        | ChangeProblem<T, Except>,
        Principal
      > {
        const body = yield* steps.read(sent)
        const { tenantId } = yield* Principal
        const id = sent.params.id as IdOf<K>
        const command = yield* toEffect(how.command({ tenantId, id, at: yield* now, body }))
        const version = yield* expectedVersion(sent.headers["if-match"], parts.present(tenantId, id))
        return steps.answer(tenantId, yield* steps.ask(sent, body, command, version), command)
      })
    }

    return { change, create, writing }
  })
