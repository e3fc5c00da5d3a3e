/**
 * `node scripts/bundle.ts DIRECTORY`: puts the program and all it needs but Node into `DIRECTORY/main.mjs` and a few files beside it,
 * for parts that are loaded only when they are asked for. Nothing is made shorter: a stack trace names functions as the sources do.
 */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Plugin, rolldown } from "rolldown"

const root = join(import.meta.dirname, "..")
const packages = join(root, "packages")

/** What a source finds beside itself or among its dependencies, it finds from where it lies, not from where it was put. */
const placesOfSources: Plugin = {
  name: "places-of-sources",
  transform: {
    filter: { code: "import.meta." },
    handler: (code, id) =>
      id.startsWith(packages)
        ? code
            .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
            .replaceAll("import.meta.dirname", JSON.stringify(dirname(id)))
        : null
  }
}

const bundle = async (directory: string): Promise<void> => {
  const program = await rolldown({
    input: { main: join(packages, "dueline", "src", "main.ts") },
    platform: "node",
    cwd: root,
    external: /^node:/u,
    plugins: [placesOfSources]
  })
  await program.write({
    dir: directory,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs"
  })
  await program.close()
}

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  console.error("usage: node scripts/bundle.ts DIRECTORY")
  process.exit(2)
}
// Made aside and renamed: it is there whole or not at all, also when two are at it.
mkdirSync(dirname(directory), { recursive: true })
const aside = mkdtempSync(`${directory}.`)
try {
  await bundle(aside)
  chmodSync(aside, 0o755)
  renameSync(aside, directory)
} catch (error) {
  rmSync(aside, { recursive: true, force: true })
  if (!(error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")))
    throw error
}
