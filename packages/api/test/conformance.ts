/** Holds every answer of the edge against the API's own document: its status, headers and body are among those it promises. */
import { walkedApi } from "@dueline/contracts/api/Api"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { OpenApi } from "effect/http-api"
import type { Reply, Sent } from "./send.ts"

interface Example {
  readonly value?: unknown
  readonly $ref?: string
}

interface Media {
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, Example>>
}

interface Header {
  readonly required?: boolean
  readonly schema?: object
  readonly $ref?: string
}

interface Response {
  readonly headers?: Readonly<Record<string, Header>>
  readonly content?: Readonly<Record<string, Media>>
}

export interface Operation {
  readonly operationId: string
  readonly method: string
  /** As in the document, with `{id}` where an id goes. */
  readonly path: string
  readonly security: ReadonlyArray<unknown>
  readonly responses: Readonly<Record<string, Response>>
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
}

interface Document {
  readonly components: {
    readonly examples: Readonly<Record<string, Example>>
    readonly headers: Readonly<Record<string, Header>>
  }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, "method" | "path">>>>>
}

const document = OpenApi.fromApi(walkedApi) as unknown as Document

/** Every operation of the API, as its document lists them. */
export const operations: ReadonlyArray<Operation> = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path }))
)

// Formats are checked by the definition's own patterns; the document has keywords of OpenAPI that JSON Schema does not know.
// Most validators judge a value or two: shorter code for them would take longer to make than it saves.
const ajv = new Ajv2020({
  strict: false,
  validateFormats: false,
  allErrors: true,
  inlineRefs: false,
  code: { optimize: false }
})
ajv.addSchema({ ...document, $id: "api" })

const escape = (part: string): string => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))

const validators = new Map<string, ValidateFunction>()

const validatorAt = (...place: ReadonlyArray<string>): ValidateFunction => {
  const pointer = [...place, "schema"].map(escape).join("/")
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `api#/${pointer}` })
  validators.set(pointer, known)
  return known
}

const validator = ({ method, path }: Operation, ...rest: ReadonlyArray<string>): ValidateFunction =>
  validatorAt("paths", path, method.toLowerCase(), ...rest)

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{[^}]+\}/gu, "[^/]+")}$`, "u").test(path)

/** Answers that the server gives before it knows which operation is meant; each has a problem document of its own. */
const beforeRouting = new Set([400, 404, 405, 408, 413, 417, 431])

const headerProblems = (operation: Operation, status: string, { headers }: Reply): ReadonlyArray<string> =>
  Object.entries(operation.responses[status]?.headers ?? {}).flatMap(([name, header]) => {
    const { required = false } = header.$ref === undefined ? header : (document.components.headers[name] ?? {})
    const value = headers[name]
    if (value === undefined) return required ? [`the header ${name} is missing`] : []
    const valid =
      header.$ref === undefined
        ? validator(operation, "responses", status, "headers", name)
        : validatorAt("components", "headers", name)
    return valid(value) || valid(Number(value)) ? [] : [`the header ${name}: ${value} is not as promised`]
  })

const bodyProblems = (operation: Operation, status: string, { body, headers, json }: Reply): ReadonlyArray<string> => {
  const promised = Object.keys(operation.responses[status]?.content ?? {})
  const type = headers["content-type"]?.split(";")[0] ?? ""
  if (promised.length === 0) return body === "" ? [] : ["a body where none is promised"]
  if (!promised.includes(type))
    return [`${type === "" ? "no content" : type} where ${promised.join(" or ")} is promised`]
  const valid = validator(operation, "responses", status, "content", type)
  return valid(json) ? [] : (valid.errors ?? []).map(({ instancePath, message }) => `body${instancePath} ${message}`)
}

/** What of the answer the document does not promise; empty when all is well. */
export const breaches = ({ method, path }: Pick<Sent, "method" | "path">, reply: Reply): ReadonlyArray<string> => {
  const [plain = ""] = path.split("?")
  const operation = operations.find((one) => one.method === method && matches(one.path, plain))
  const status = String(reply.status)
  if (operation?.responses[status] === undefined) {
    const known = operation === undefined || beforeRouting.has(reply.status)
    return known ? [] : [`the status ${status} is not promised`]
  }
  return [...headerProblems(operation, status, reply), ...bodyProblems(operation, status, reply)]
}

const sharedExample = /^#\/components\/examples\/(\w+)$/u

const valueOf = ({ $ref, value }: Example): unknown =>
  $ref === undefined ? value : document.components.examples[sharedExample.exec($ref)?.[1] ?? ""]?.value

const examplesOf = ({ example, examples = {} }: Media): ReadonlyArray<unknown> => [
  ...(example === undefined ? [] : [example]),
  ...Object.values(examples).map(valueOf)
]

/** Bodies of the operation that have no example, and examples that are not what their schema says. */
export const exampleBreaches = (operation: Operation): ReadonlyArray<string> => {
  const judge = (place: ReadonlyArray<string>, content: Readonly<Record<string, Media>> = {}) =>
    Object.entries(content).flatMap(([type, media]) => {
      const at = `${operation.method} ${operation.path} ${place.join(" ")} ${type}`
      const valid = validator(operation, ...place, "content", type)
      const examples = examplesOf(media)
      if (examples.length === 0) return [`${at}: no example`]
      return examples.flatMap((example) =>
        valid(example) ? [] : (valid.errors ?? []).map((error) => `${at}: ${error.instancePath} ${error.message}`)
      )
    })
  return [
    ...judge(["requestBody"], operation.requestBody?.content),
    ...Object.entries(operation.responses).flatMap(([status, { content }]) => judge(["responses", status], content))
  ]
}
