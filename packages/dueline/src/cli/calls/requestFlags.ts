/**
 * What flags say about a request to be made, as the API takes it. What flags point to: contents that lie in a file or come on standard input, and
 * headers that are written out.
 */
import { changesItsValue, exactly, holdsInexact } from "@dueline/contracts/api/exactNumber"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Effect, FileSystem, Schema, Stdio, Stream } from "effect"
import { CommandFailed, usage } from "../Shell.ts"

interface BodyFlags {
  readonly body: string | undefined
  readonly jsonBody: string | undefined
}

const parseJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

/** A number that would change on its way is refused here as the program would refuse it. */
const jsonIn = Effect.fnUntraced(function* (text: string) {
  const parsed = yield* Effect.catch(parseJson(text), () => usage("--json-body is not valid JSON"))
  return holdsInexact(exactly(text, parsed)) ? yield* usage(`--json-body ${changesItsValue}`) : parsed
})

/** What is to be sent: undefined when there is none. */
export const bodyOf = Effect.fnUntraced(function* ({ body, jsonBody }: BodyFlags) {
  if (body !== undefined && jsonBody !== undefined) return yield* usage("Give --body or --json-body, not both")
  if (body !== undefined) return yield* readContent(body)
  if (jsonBody === undefined) return undefined
  return yield* jsonIn(yield* readContent(jsonBody))
})

/** Holds what is about to be sent against the API definition, so that a mistake is told field by field and nothing is sent. */
export const checkRequest = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, request: unknown) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(request).pipe(
    Effect.catch(({ issue }) => {
      const mistakes = schemaWords(issue).issues.map(
        ({ message, path = [] }) => `${path.map(String).join(".") || "request"}: ${message}`
      )
      return usage("The request would not be accepted, so it was not sent", ...mistakes)
    })
  )

/** More than any request may hold; the program itself says how much that is. */
const limitBytes = 8 * 1024 * 1024

/** A flag's text, or what it points to: `@file`, or `-` for standard input. */
export const readContent = Effect.fnUntraced(function* (text: string) {
  if (text !== "-" && !text.startsWith("@")) return text
  const name = text === "-" ? "standard input" : text.slice(1)
  const bytes = yield* text === "-" ? standardInput : fileBytes(name)
  if (bytes.length > limitBytes)
    return yield* new CommandFailed({ message: `${name} holds more than ${limitBytes} bytes` })
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    catch: () => new CommandFailed({ message: `${name} is not text in UTF-8` })
  })
})

const fileBytes = (path: string) =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((files) => files.readFile(path)),
    Effect.catchTag("PlatformError", () =>
      usage(`The file ${path} cannot be read`, "name one that is there and that this user may read")
    )
  )

/** Reads on until the limit is passed, never the whole of an endless stream. */
const standardInput = Effect.gen(function* () {
  const { stdin } = yield* Stdio.Stdio
  let size = 0
  const chunks = yield* stdin.pipe(
    Stream.takeUntil((chunk) => (size += chunk.length) > limitBytes),
    Stream.runCollect,
    Effect.catchTag("PlatformError", () => new CommandFailed({ message: "standard input cannot be read" }))
  )
  return new Uint8Array(Buffer.concat(chunks))
})

/** `name: value`, each once; undefined when there are none. */
export const headersOf = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/su.exec(line) ?? []
    if (name === undefined || value === undefined)
      return yield* usage(`"${line}" is no header`, "write --header 'name: value'")
    if (Object.hasOwn(headers, name)) return yield* usage(`The header "${name}" is given twice`)
    headers[name] = value
  }
  return lines.length === 0 ? undefined : headers
})
