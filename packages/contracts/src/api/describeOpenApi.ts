/** Completes the generated OpenAPI document: examples, and what the generator leaves out of parameters and headers. */
import { Context, Option } from "effect"
import type { HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import type { CorrelationId } from "../Ids.ts"
import { describedParameters, Examples } from "./conventions.ts"
import { codesOf, problemBody, type ProblemCode, problemCodes, problemContentType } from "./Problem.ts"
import { type AccessScope, RequiredScope } from "./Access.ts"
import { leastRole } from "./roles.ts"
import { rateLimitHeaders } from "./RateLimit.ts"

interface Parameter {
  name: string
  in: string
  required: boolean
  description?: string
  schema: Record<string, unknown>
}
interface Header {
  schema: Record<string, unknown>
  description?: string
  required?: boolean
}
interface Reference {
  $ref: string
}
type Content = Record<string, { example?: unknown; examples?: unknown; "x-effect-stream"?: unknown }>
interface Operation {
  operationId: string
  parameters: Array<Parameter>
  security: ReadonlyArray<unknown>
  requestBody?: { content: Content }
  responses: Record<string, { headers?: Record<string, Header | Reference>; content?: Content }>
}

/** Of answers, whatever the operation. */
const answerHeaders: Readonly<
  Record<string, { readonly description: string; readonly schema?: Record<string, unknown> }>
> = {
  etag: { description: "The version, in quotes" },
  location: { description: "The address of what was made" },
  "cache-control": { description: "`no-store`: nobody on the way keeps a copy" },
  "preference-applied": { description: "Which preference was honoured" },
  "x-idempotent-replayed": {
    description: "`true` when this is the answer to an earlier request under the same key"
  },
  "retry-after": { description: "Seconds to wait before asking again", schema: { type: "integer", minimum: 0 } },
  accept: { description: "The media type that is taken" },
  "accept-encoding": { description: "The content codings that are taken: none" },
  "www-authenticate": { description: "How to authenticate" }
}

const text = { type: "string" }
const correlation: Parameter = {
  name: "x-correlation-id",
  in: "header",
  required: false,
  description: "1 to 13 characters of 0-9 and a-z. Returned as sent; made up when absent or malformed",
  schema: { type: "string", pattern: "^[0-9a-z]{1,13}$" }
}
const tenant: Parameter = {
  name: "x-tenant-id",
  in: "header",
  required: false,
  description: "Repeats the token's tenant, or chooses one of the token's `tenants`",
  schema: { type: "string", format: "uuid" }
}
const answered: Record<string, Header> = {
  "x-correlation-id": { schema: text, description: "Names this request in logs and events", required: true },
  "x-api-version": { schema: text, description: "The version of this API", required: true }
}

/** Headers of most answers stand once in the document. */
const sharedHeaders: Readonly<Record<string, Header>> = { ...answered, ...rateLimitHeaders }

const shared = (names: Iterable<string>): Record<string, Reference> =>
  Object.fromEntries(Array.from(names, (name) => [name, { $ref: `#/components/headers/${name}` }]))

const [always, limited] = [shared(Object.keys(answered)), shared(Object.keys(sharedHeaders))]

/** What the definition says of an operation that the generator does not write down. */
interface Said {
  readonly parameters: ReadonlyMap<string, { readonly description: string; readonly schema?: object }>
  readonly examples: Readonly<Record<string, unknown>>
  readonly scope: AccessScope | null
}

const saidBy = (groups: ReadonlyArray<HttpApiGroup.Constraint>): ReadonlyMap<string, Said> =>
  new Map(
    (groups as ReadonlyArray<HttpApiGroup.Top>).flatMap(({ endpoints, identifier }) =>
      Object.values(endpoints as Readonly<Record<string, HttpApiEndpoint.Top>>).map((endpoint) => [
        `${identifier}.${endpoint.identifier}`,
        {
          parameters: new Map(
            [endpoint.params, endpoint.query, endpoint.headers].flatMap((schema) => [...describedParameters(schema)])
          ),
          examples: Option.getOrElse(Context.getOption(endpoint.annotations, Examples), () => ({})),
          scope: Option.getOrNull(Context.getOption(endpoint.annotations, RequiredScope))
        }
      ])
    )
  )

const illustrate = ({ requestBody, responses }: Operation, examples: Said["examples"]): void => {
  const sent = requestBody?.content["application/json"] ?? requestBody?.content["application/x-www-form-urlencoded"]
  if (sent !== undefined) sent.example = examples["request"]
  for (const [status, { content = {} }] of Object.entries(responses)) {
    const events = content["text/event-stream"]
    // How the framework's own clients are told of a failure; no stream of this API ends with one.
    delete events?.["x-effect-stream"]
    const given = content["application/json"] ?? events
    const problem = content[problemContentType]
    if (given !== undefined && examples[status] !== undefined) given.example = examples[status]
    if (problem !== undefined) problem.examples = namedExamples(Number(status))
  }
}

/** Mutates and returns the document, as `OpenApi.Transform` wants it. `groups`: those of the API. */
export const describeOpenApi =
  (groups: ReadonlyArray<HttpApiGroup.Constraint>) =>
  (spec: Record<string, unknown>): Record<string, unknown> => {
    const said = saidBy(groups)
    const paths = spec["paths"] as Record<string, Record<string, Operation>>
    for (const operation of Object.values(paths).flatMap((operations) => Object.values(operations))) {
      const { examples = {}, parameters, scope = null } = said.get(operation.operationId) ?? {}
      if (scope !== null) Object.assign(operation, { "x-required-scope": scope, "x-least-role": leastRole(scope) })
      for (const parameter of operation.parameters) {
        Object.assign(parameter, parameters?.get(parameter.name))
        // Optional in the schema only so that its absence can be answered.
        if (parameter.name === "if-match" && "428" in operation.responses) parameter.required = true
      }
      illustrate(operation, examples)
      operation.parameters.push(correlation)
      if (operation.security.length > 0) operation.parameters.push(tenant)
      for (const response of Object.values(operation.responses)) {
        for (const [name, header] of Object.entries(response.headers ?? {})) Object.assign(header, answerHeaders[name])
        response.headers = { ...response.headers, ...("429" in operation.responses ? limited : always) }
      }
    }
    Object.assign(spec["components"] as object, { examples: problemExamples, headers: sharedHeaders })
    spec["x-problem-codes"] = problemCodes
    return spec
  }

/** One problem for each code, once in the document: some eighty operations show most of them. */
const problemExamples: Readonly<Record<string, { readonly value: unknown }>> = Object.fromEntries(
  (Object.keys(problemCodes) as ReadonlyArray<ProblemCode>).map((code) => [
    code,
    { value: problemBody(code, "1y2p0ij32e8e7" as CorrelationId, "What to do about it.") }
  ])
)

/** Those of the codes that go with the status. */
const namedExamples = (status: number) =>
  Object.fromEntries(codesOf(status).map((code) => [code, { $ref: `#/components/examples/${code}` }]))
