/** Completes the generated OpenAPI document: what the generator leaves out of parameters and headers. */
import { nearRadiusMetres } from "../bin/distance.ts"
import { openApiExamples, problemExamples } from "./openApiExamples.ts"
import { problemContentType } from "./Problem.ts"
import { problemCodes } from "./ProblemCode.ts"
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
type Content = Record<string, { example?: unknown; examples?: unknown }>
interface Operation {
  operationId: string
  parameters: Array<Parameter>
  security: ReadonlyArray<unknown>
  requestBody?: { content: Content }
  responses: Record<string, { headers?: Record<string, Header>; content?: Content }>
}

const numbers: Record<string, Record<string, unknown>> = {
  limit: { type: "integer", minimum: 1, maximum: 200, default: 50 },
  radius: { type: "number", ...nearRadiusMetres },
  after: { type: "integer", minimum: 0, maximum: 2_147_483_647, default: 0 },
  "retry-after": { type: "integer", minimum: 0 }
}

const descriptions: Record<string, string> = {
  id: "Its id, a UUID",
  status: "Only those in this state",
  tag: "Only calls that carry this tag; may be repeated, all must match",
  dueFrom: "Due at or after",
  dueTo: "Due before",
  filter:
    'A condition on fields, e.g. `status eq "Active" and not (version lt 3)`; the fields are in the documentation',
  category: "Only bins of this kind",
  serialNumber: "Only the bin with this serial number",
  customerId: "Only those for this customer",
  binId: "Only orders for this bin",
  near: "Latitude and longitude in degrees, e.g. `50.0755,14.4378`: nearest first. Goes with `radius`",
  radius: "Metres around `near`",
  from: "Only orders whose window ends after this",
  to: "Only orders whose window begins before this",
  correlation: "The correlation id",
  asOf: "A version or an instant: as it was then",
  q: "Part of the URL, in either case",
  limit: "How many at the most",
  cursor: "`nextCursor` of the page before",
  after: "Only events with a higher version",
  "idempotency-key":
    "1 to 255 visible ASCII characters. The same key with the same request is answered again and does nothing twice",
  prefer: "`wait=N`: wait up to N seconds (30 at the most) for the call to end (RFC 7240)",
  "if-match": 'The version that is meant, e.g. `"3"`',
  "if-none-match": 'The version you have, e.g. `"3"`',
  etag: "The version, in quotes",
  location: "The address of what was made",
  "cache-control": "`no-store`: nobody on the way keeps a copy",
  "preference-applied": "Which preference was honoured",
  "x-idempotent-replayed": "`true` when this is the answer to an earlier request under the same key",
  "retry-after": "Seconds to wait before asking again",
  accept: "The media type that is taken",
  "accept-encoding": "The content codings that are taken: none",
  "www-authenticate": "How to authenticate"
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

const describe = (name: string, value: Parameter | Header): void => {
  const fixed = numbers[name]
  const said = descriptions[name]
  if (fixed !== undefined) value.schema = fixed
  if (said !== undefined) value.description = said
}

/** Where the schema lets `If-Match` be absent only so that its absence can be answered with 428. */
const conditional: ReadonlySet<string> = new Set([
  "serviceCalls.reschedule",
  "customers.update",
  "bins.update",
  "bins.capacity",
  "orders.move"
])

const illustrate = ({ operationId, requestBody, responses }: Operation): void => {
  const examples = openApiExamples[operationId] ?? {}
  const sent = requestBody?.content["application/json"]
  if (sent !== undefined) sent.example = examples["request"]
  for (const [status, { content = {} }] of Object.entries(responses)) {
    const given = content["application/json"]
    const problem = content[problemContentType]
    if (given !== undefined && examples[status] !== undefined) given.example = examples[status]
    if (problem !== undefined) problem.examples = problemExamples(Number(status))
  }
}

/** Mutates and returns the document, as `OpenApi.Transform` wants it. */
export const describeOpenApi = (spec: Record<string, unknown>): Record<string, unknown> => {
  const paths = spec["paths"] as Record<string, Record<string, Operation>>
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      for (const parameter of operation.parameters) {
        describe(parameter.name, parameter)
        if (parameter.name === "if-match" && conditional.has(operation.operationId)) parameter.required = true
      }
      illustrate(operation)
      operation.parameters.push(correlation)
      if (operation.security.length > 0) operation.parameters.push(tenant)
      for (const response of Object.values(operation.responses)) {
        for (const [name, header] of Object.entries(response.headers ?? {})) describe(name, header)
        response.headers = {
          ...response.headers,
          ...answered,
          ...("429" in operation.responses ? rateLimitHeaders : {})
        }
      }
    }
  }
  spec["x-problem-codes"] = problemCodes
  return spec
}
