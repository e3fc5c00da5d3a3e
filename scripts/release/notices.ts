/** The licences of what was put into a release, as most of them ask for. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string
}

/** The nearest folder above with a named manifest, of a package that came from elsewhere. */
const packageOf = (file: string): { readonly folder: string; readonly manifest: Manifest } | null => {
  if (!file.includes("/node_modules/")) return null
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const at = join(folder, "package.json")
    if (!existsSync(at)) continue
    const manifest = JSON.parse(readFileSync(at, "utf8")) as Manifest
    // Some put manifests without a name into folders, to say of what kind their modules are.
    if (manifest.name !== undefined && manifest.version !== undefined) return { folder, manifest }
  }
  return null
}

const textOf = (folder: string): string => {
  const [name] = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|copying)(?:[.-]|$)/iu.test(file))
    .sort()
  return name === undefined ? "" : `\n${readFileSync(join(folder, name), "utf8").trim()}\n`
}

/** Of the packages that these modules are of: name, version, licence and its text. */
export const noticesOf = (modules: ReadonlyArray<string>): string => {
  const found = new Map<string, string>()
  for (const id of modules) {
    const of = packageOf(id)
    if (of === null) continue
    const title = `${of.manifest.name} ${of.manifest.version}`
    if (!found.has(title)) found.set(title, `${title}: ${of.manifest.license ?? "see its text"}\n${textOf(of.folder)}`)
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
  return ["This program contains parts of these packages.\n", ...sorted].join(`\n${"-".repeat(80)}\n`)
}
