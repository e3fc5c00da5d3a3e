/**
 * The operator's console, served by the edge: its files under `/console/assets/`, and its page at every other address below `/console`,
 * so that a link to any of its screens can be opened cold. `/` leads a browser there.
 */
import { Effect, Layer } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { escaped } from "../requests/answer.ts"
import type { MapTiles } from "./mapTiles.ts"

/** Scripts of this origin and nothing else, no markup made from text, and no page may frame this one. */
const policyWith = (tiles: MapTiles | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data:${tiles === null ? "" : ` ${tiles.origin}`}`,
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'"
  ].join("; ")

const alwaysWith = (tiles: MapTiles | null) => ({
  "content-security-policy": policyWith(tiles),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  vary: "accept-encoding"
})
type Always = ReturnType<typeof alwaysWith>

/** Names of assets hold a hash of what is in them. */
const forEver = "public, max-age=31536000, immutable"
const askEachTime = "no-cache"

const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Dueline</title></head>
<body><h1>The console is not built</h1><p>This program runs from its sources. <code>npm start</code> builds the console and serves it.</p></body></html>
`

type Request = HttpServerRequest.HttpServerRequest

const pathOf = ({ url }: Request): string => (url.split("?", 1)[0] ?? "").replace(/^\/console\/?/u, "")

const answer = (
  request: Request,
  file: ConsoleFile,
  always: Always,
  cacheControl: string
): HttpServerResponse.HttpServerResponse => {
  const headers = { ...always, etag: file.etag, "cache-control": cacheControl }
  const known = (request.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//u, ""))
  if (known.includes(file.etag)) return HttpServerResponse.empty({ status: 304, headers })
  const coding = codingFor(file, request.headers["accept-encoding"])
  return HttpServerResponse.uint8Array((coding === null ? undefined : file.coded[coding]) ?? file.bytes, {
    contentType: file.contentType,
    headers: coding === null ? headers : { ...headers, "content-encoding": coding }
  })
}

const serve = (files: ConsoleFiles, always: Always, request: Request): HttpServerResponse.HttpServerResponse => {
  const path = pathOf(request)
  const file = files.get(path)
  if (path.startsWith("assets/")) {
    // Never the page: a script that is no longer there must not be answered with markup.
    return file === undefined ? HttpServerResponse.empty({ status: 404 }) : answer(request, file, always, forEver)
  }
  const page = files.get("index.html")
  if (page !== undefined) return answer(request, page, always, askEachTime)
  return HttpServerResponse.text(notBuilt, { status: 503, contentType: "text/html; charset=utf-8", headers: always })
}

const filesWith = (folder: string, tiles: MapTiles | null): ConsoleFiles => {
  const files = readConsoleFiles(folder)
  const page = files.get("index.html")
  return tiles === null || page === undefined ? files : new Map([...files, ["index.html", pageWith(page, tiles)]])
}

/** `folder` holds what was built. It need not be there. `tiles`: of the map; null where there is its outline alone. */
export const layer = (folder: string, tiles: MapTiles | null = null) =>
  Layer.mergeAll(
    HttpRouter.use(
      Effect.fnUntraced(function* (router) {
        const files = yield* Effect.cached(Effect.sync(() => filesWith(folder, tiles)))
        const always = alwaysWith(tiles)
        yield* router.add("GET", "/console/*", (request) => Effect.map(files, (all) => serve(all, always, request)))
      })
    ),
    HttpRouter.add("GET", "/", (request) =>
      Effect.succeed(
        /\btext\/html\b/u.test(request.headers["accept"] ?? "")
          ? HttpServerResponse.empty({ status: 302, headers: { location: "/console", vary: "accept" } })
          : HttpServerResponse.empty({ status: 404 })
      )
    )
  )

/** The console's files as they were built, each with its compressed forms: read once, when somebody first looks. */
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
