/** What flags point to: contents that lie in a file or come on standard input, and headers that are written out. */
import { Effect, FileSystem, Stdio, Stream } from "effect"
import { CommandFailed, usage } from "../Shell.ts"

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
