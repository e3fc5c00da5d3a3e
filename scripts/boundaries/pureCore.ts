/** Aggregates are plain functions over plain data: a folder of orchestration that decides knows no Effect, clock or I/O. */
import type { SourceFile } from "./SourceFile.ts"
import { targetOf, type Violation } from "./Violation.ts"

/** The modules of Effect that are data and nothing else. */
const plainModules = new Set(
  (
    "Array BigInt Boolean Brand Data Duration Equal Equivalence Function HashMap HashSet Match Number Option Order Predicate " +
    "Record Result Schema SchemaGetter SchemaIssue SchemaTransformation String Struct Tuple absurd flow identity pipe"
  ).split(" ")
)

const ambient = ["Date", "Math.random", "performance", "process", "crypto", "setTimeout", "setInterval", "fetch"]

export const pureCore = (files: ReadonlyArray<SourceFile>): ReadonlyArray<Violation> => {
  const folders = files
    .filter(({ path }) => /^packages\/orchestration\/src\/[\w-]+\/decide\.ts$/.test(path))
    .map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1))
  return files.flatMap((file) => {
    const folder = folders.find((candidate) => file.path.startsWith(candidate))
    return folder === undefined ? [] : [...impureImports(file, folder), ...impureUses(file)]
  })
}

const impureImports = (file: SourceFile, folder: string): ReadonlyArray<Violation> =>
  file.imports.flatMap(({ line, names, specifier, typeOnly }) => {
    if (specifier.startsWith("@dueline/contracts/")) {
      // Ports are how the world is reached; an aggregate has no use for them.
      return specifier.includes("/ports/")
        ? [{ path: file.path, line, message: `an aggregate uses no port: ${specifier}` }]
        : []
    }
    // The engine's types name the parts of an aggregate; nothing of them is left at run time.
    const near = typeOnly ? "packages/orchestration/src/" : folder
    if (targetOf(file, specifier)?.startsWith(near)) return []
    const [, deep] = /^effect\/(\w+)$/.exec(specifier) ?? []
    const asked = deep === undefined ? names : [deep]
    const refused =
      specifier === "effect" || deep !== undefined ? asked.filter((name) => !plainModules.has(name)) : [specifier]
    return refused.map((name) => ({ path: file.path, line, message: `an aggregate is plain data: ${name} is not` }))
  })

const impureUses = ({ path, uses }: SourceFile): ReadonlyArray<Violation> =>
  uses
    .filter(({ name }) => ambient.includes(name))
    .map(({ line, name }) => ({ path, line, message: `an aggregate is plain data: ${name} is not` }))
