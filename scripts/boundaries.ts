/** Checks what may import what: the table in docs/architecture.md, the pure core, the clock, barrels and circles. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { absorbedPackages, isAbsorbed } from "./boundaries/absorbedPackages.ts"
import { ambientInputs } from "./boundaries/ambientInputs.ts"
import { barrels } from "./boundaries/barrels.ts"
import { cycles } from "./boundaries/cycles.ts"
import { exemptions } from "./boundaries/exemptions.ts"
import { type Manifests, packageRules } from "./boundaries/packageRules.ts"
import { parsePackageTable } from "./boundaries/PackageTable.ts"
import { pureCore } from "./boundaries/pureCore.ts"
import { parseSourceFile } from "./boundaries/SourceFile.ts"
import type { Violation } from "./boundaries/Violation.ts"

/** Every breach in the workspace under `root`. Empty when all is well. */
export const checkBoundaries = (root: string): ReadonlyArray<Violation> => {
  const paths = globSync("{packages/*/{src,test},scripts}/**/*.{ts,mts,mjs,js}", {
    cwd: root,
    exclude: (name) => name === "node_modules"
  })
  const files = paths.sort().map((path) => parseSourceFile(path, readFileSync(join(root, path), "utf8")))
  const table = parsePackageTable(readFileSync(join(root, "docs/architecture.md"), "utf8"))
  const manifests = readManifests(root, [...table.keys()])
  return [
    ...packageRules(files, table, manifests),
    ...missingPackages(root, table, manifests),
    ...absorbedPackages(files),
    ...absorbedDependencies(manifests),
    ...barrels(files),
    ...cycles(files),
    ...pureCore(files),
    ...ambientInputs(files, exemptions)
  ]
}

const readManifests = (root: string, folders: ReadonlyArray<string>): Manifests =>
  new Map(
    folders.flatMap((folder) => {
      const file = join(root, "packages", folder, "package.json")
      if (!existsSync(file)) return []
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(file, "utf8"))
      return [[folder, new Set(Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }))]]
    })
  )

const missingPackages = (root: string, table: ReadonlyMap<string, unknown>, manifests: Manifests) => {
  const folders = globSync("packages/*/package.json", { cwd: root }).map((path) => path.split("/")[1] ?? "")
  const message = "docs/architecture.md and packages/ differ here"
  return [
    ...folders.filter((folder) => !table.has(folder)),
    ...[...table.keys()].filter((folder) => !manifests.has(folder))
  ].map((folder) => ({ path: `packages/${folder}`, line: 1, message }))
}

const absorbedDependencies = (manifests: Manifests) =>
  [...manifests].flatMap(([folder, names]) =>
    [...names].filter(isAbsorbed).map((name) => ({
      path: `packages/${folder}/package.json`,
      line: 1,
      message: `${name} is part of effect now`
    }))
  )

if (import.meta.main) {
  const violations = checkBoundaries(join(import.meta.dirname, ".."))
  for (const { line, message, path } of violations) console.error(`${path}:${line} ${message}`)
  if (violations.length > 0) process.exitCode = 1
}
