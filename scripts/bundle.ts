/**
 * `node scripts/bundle.ts DIRECTORY [--release]`: puts the program and all it needs but Node into `DIRECTORY/main.mjs` and a few files beside
 * it, for parts that are loaded only when they are asked for, and the console's into `DIRECTORY/console`. Nothing is renamed: a stack trace
 * names functions as the sources do. `--release`: one that needs no checkout beside it, with the notices of what it was put together of.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import http from "node:http"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { type Plugin, rolldown } from "rolldown"
import { build } from "vite"
import { sqlFiles } from "../packages/postgres/src/schema/migrations/sqlFiles.ts"

const root = join(import.meta.dirname, "..")
const packages = join(root, "packages")

/** What a source finds beside itself or among its dependencies, it finds from where it lies, not from where it was put. */
const placesOfSources: Plugin = {
  name: "places-of-sources",
  transform: {
    filter: { code: "import.meta." },
    handler: (code, id) =>
      id.startsWith(packages)
        ? {
            code: code
              .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
              .replaceAll("import.meta.dirname", JSON.stringify(dirname(id))),
            // Lines stay where they are, and that is what a stack trace is read for.
            map: null
          }
        : null
  }
}

/** Of a release there are no sources: what they would find is where it was put, and what the page of the API needs lies there too. */
const page = "redoc/bundles/redoc.standalone.js"
const placesOfRelease: Plugin = {
  name: "places-of-release",
  transform: {
    filter: { code: page },
    handler: (code) => ({ code: code.replaceAll(page, "./redoc.standalone.js"), map: null })
  }
}

/** Texts of the schema become part of the program, so that one that runs does not depend on a checkout that moves on. */
const postgres = join(packages, "postgres")
const sqlFolders = new Set(
  ["migrations", "functions"].flatMap((folder) =>
    readdirSync(join(postgres, folder), { withFileTypes: true, recursive: true })
      .filter(({ name }) => name.endsWith(".sql"))
      .map(({ parentPath }) => relative(postgres, parentPath))
  )
)
const sqlTexts: Plugin = {
  name: "sql-texts",
  load: (id) =>
    id === join(postgres, "src", "schema", "migrations", "sqlFiles.ts")
      ? `const texts = ${JSON.stringify(Object.fromEntries([...sqlFolders].map((folder) => [folder, sqlFiles(folder)])))}
export const sqlFiles = (folder) => texts[folder] ?? []`
      : null
}

/** What imports `id` gets a module made here, since that one costs more to load than what is used of it. `require` gets the real one. */
const instead = (id: string, code: string): Plugin => {
  const made = `made:${id}`
  return {
    name: `instead-of-${id}`,
    resolveId: (source, _, { kind }) => (source === id && kind === "import-statement" ? made : null),
    load: (resolved) => (resolved === made ? code : null)
  }
}

/**
 * Importing `node:http` asks it for all that it exports; web sockets are among that, and Node then loads its own copy of undici for them.
 * `getBuiltinModule` does not ask for them.
 */
const plain = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, { get }]) => (get ? [] : [name]))
const httpUnasked = instead(
  "node:http",
  `const http = process.getBuiltinModule("node:http")
export default http
export const { ${plain.join(", ")} } = http`
)

/** The program's own code uses undici's client; with its index come `fetch`, caches and mocks, which are three quarters of it. */
const client = createRequire(join(packages, "execution", "package.json")).resolve("undici/lib/dispatcher/client.js")
const clientAlone = instead("undici", `export { default as Client } from ${JSON.stringify(client)}`)

/** Answers with the modules that came in. */
const bundle = async (directory: string, isRelease: boolean): Promise<ReadonlyArray<string>> => {
  const program = await rolldown({
    input: { main: join(packages, "dueline", "src", "main.ts") },
    platform: "node",
    cwd: root,
    plugins: [sqlTexts, isRelease ? placesOfRelease : placesOfSources, httpUnasked, clientAlone]
  })
  const { output } = await program.write({
    dir: directory,
    format: "esm",
    // A file with a single other character in it is read and kept at twice the size, and more slowly.
    charset: "ascii",
    comments: { jsdoc: false, legal: false },
    // Without the sources themselves, which lie where the map says. Nothing reads it before a stack trace is printed.
    sourcemap: "hidden",
    sourcemapExcludeSources: true,
    ...(isRelease ? { sourcemapPathTransform: (source) => relative(root, join(directory, source)) } : {}),
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs"
  })
  await program.close()
  return output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
}

/** Answers with the modules that came in. */
const pages = async (directory: string): Promise<ReadonlyArray<string>> => {
  const built = await build({ configFile: join(packages, "console", "vite.config.ts"), build: { outDir: directory } })
  const outputs = [built].flat().flatMap((one) => ("output" in one ? one.output : []))
  return outputs.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
}

const [asked, mode] = process.argv.slice(2)
if (asked === undefined || (mode !== undefined && mode !== "--release")) {
  console.error("usage: node scripts/bundle.ts DIRECTORY [--release]")
  process.exit(2)
}
const isRelease = mode === "--release"
const directory = resolve(asked)
// Made aside and renamed: it is there whole or not at all, also when two are at it.
mkdirSync(dirname(directory), { recursive: true })
const aside = mkdtempSync(`${directory}.`)
try {
  const modules = [...(await bundle(aside, isRelease)), ...(await pages(join(aside, "console")))]
  if (isRelease) {
    // Only here, since images are built with this file alone.
    const { noticesOf } = await import("./release/notices.ts")
    const redoc = createRequire(join(packages, "api", "package.json")).resolve(page)
    copyFileSync(redoc, join(aside, "redoc.standalone.js"))
    writeFileSync(join(aside, "NOTICES.txt"), noticesOf([...modules, redoc]))
  }
  chmodSync(aside, 0o755)
  renameSync(aside, directory)
} catch (error) {
  rmSync(aside, { recursive: true, force: true })
  if (!(error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")))
    throw error
}
