/** The console's files as they were built, each with its compressed forms: read once, when somebody first looks. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { escaped } from "../requests/escaped.ts"
import type { MapTiles } from "./mapTiles.ts"

type Coding = "br" | "gzip"

export interface ConsoleFile {
  readonly contentType: string
  readonly etag: string
  readonly bytes: Uint8Array
  readonly coded: { readonly [C in Coding]?: Uint8Array }
}

/** By path below the folder, with `/`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml"
}

const suffixes: Readonly<Record<Coding, string>> = { br: ".br", gzip: ".gz" }

const fileOf = (contentType: string, bytes: Uint8Array, coded: ConsoleFile["coded"]): ConsoleFile => ({
  contentType,
  etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
  bytes,
  coded
})

const read = (folder: string, name: string, contentType: string): ConsoleFile => {
  const bytes = readFileSync(join(folder, name))
  const coded: { -readonly [C in Coding]?: Uint8Array } = {}
  for (const coding of ["br", "gzip"] as const) {
    const file = join(folder, name + suffixes[coding])
    if (existsSync(file)) coded[coding] = readFileSync(file)
  }
  return fileOf(contentType, bytes, coded)
}

/** None when the folder is not there. */
export const readConsoleFiles = (folder: string): ConsoleFiles => {
  if (!existsSync(folder)) return new Map()
  return new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
      const contentType = contentTypes[extname(name)]
      return contentType === undefined ? [] : [[name.replaceAll("\\", "/"), read(folder, name, contentType)]]
    })
  )
}

const head = "<head>"

/** The page, told of them. It is sent as it is: it is small, and not what was compressed. */
export const pageWith = (page: ConsoleFile, { credit, url }: MapTiles): ConsoleFile => {
  const told = `${head}<meta name="dueline-tiles" content="${escaped(url)}" data-credit="${escaped(credit)}">`
  const html = new TextDecoder().decode(page.bytes).replace(head, () => told)
  return fileOf(page.contentType, new TextEncoder().encode(html), {})
}

/** The smallest form of a file that the asker takes (RFC 9110 § 12.5.3); what is asked for with `q=0` is not taken. */
export const codingFor = (file: ConsoleFile, acceptEncoding: string | undefined): Coding | null => {
  const taken = (acceptEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((part) => part.trim())
    .filter((part) => !/;\s*q=0(?:\.0*)?$/u.test(part))
    .map((part) => part.split(";", 1)[0]?.trim())
  return (["br", "gzip"] as const).find((coding) => taken.includes(coding) && file.coded[coding] !== undefined) ?? null
}
