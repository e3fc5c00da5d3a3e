/** Packages import only what the architecture's table allows; tests may also use what their manifest declares. */
import { type PackageTable, reaches } from "./PackageTable.ts"
import type { Import, SourceFile } from "./SourceFile.ts"
import { placeOf, targetOf, type Violation } from "./Violation.ts"

/** Names of all declared dependencies by package folder, development ones included. */
export type Manifests = ReadonlyMap<string, ReadonlySet<string>>

export const packageRules = (
  files: ReadonlyArray<SourceFile>,
  table: PackageTable,
  manifests: Manifests
): ReadonlyArray<Violation> =>
  files.flatMap((file) => {
    const { folder, part } = placeOf(file)
    if (folder === "") return []
    return file.imports.flatMap((imported) => {
      const message = imported.specifier.startsWith(".")
        ? refuseRelative(file, imported, folder, part)
        : part === "src"
          ? refuseInSource(imported, folder, table)
          : refuseInTest(imported, folder, manifests)
      return message === undefined ? [] : [{ path: file.path, line: imported.line, message }]
    })
  })

const refuseRelative = (file: SourceFile, { specifier }: Import, folder: string, part: string) => {
  const target = targetOf(file, specifier) ?? ""
  if (!target.startsWith(`packages/${folder}/`)) return `${specifier} leaves the package: import @dueline/… instead`
  return part === "src" && !target.startsWith(`packages/${folder}/src/`) ? `${specifier} leaves src` : undefined
}

const refuseInSource = ({ names, specifier }: Import, folder: string, table: PackageTable) => {
  const row = table.get(folder)
  if (row === undefined) return `packages/${folder} has no row in docs/architecture.md`
  const other = /^@dueline\/([\w-]+)/.exec(specifier)?.[1]
  if (other === folder) return `${specifier} is this package itself: import the file`
  if (other !== undefined) {
    return reaches(row.imports, other) ? undefined : `${folder} may not import ${other} (docs/architecture.md)`
  }
  const refused = modulesOf(specifier, names).find((module) => !reaches(row.reach, module))
  return refused === undefined ? undefined : `${folder} may not reach ${refused} (docs/architecture.md)`
}

const refuseInTest = ({ specifier }: Import, folder: string, manifests: Manifests) => {
  if (specifier.startsWith("node:")) return undefined
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  if (name === `@dueline/${folder}`) return undefined
  return manifests.get(folder)?.has(name) ? undefined : `${name} is not declared in packages/${folder}/package.json`
}

/** Modules at the top of `effect` that its documentation marks unstable; the rest of its top level is stable. */
const unstableNames = new Set(
  (
    "Arbitrary ByteSize Bytes ChannelSchema ErrorReporter ExecutionPlan FileSystem Glob Graph HashRing LayerMap LayerRef " +
    "Newtype PartitionedSemaphore Path PlatformError SemVer SemVerRange Stdio Terminal TextDiff TxChunk Version"
  ).split(" ")
)

/** What an import needs leave for: `effect` for stable modules, `effect/http` for a folder, `effect/Path` for an unstable one. */
const modulesOf = (specifier: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (specifier === "effect") {
    const unstable = names.filter((name) => unstableNames.has(name)).map((name) => `effect/${name}`)
    return unstable.length === 0 ? ["effect"] : unstable
  }
  const [, part] = /^effect\/([^/]+)/.exec(specifier) ?? []
  if (part === undefined) return [specifier]
  return [/^[A-Z]/.test(part) && !unstableNames.has(part) ? "effect" : `effect/${part}`]
}
