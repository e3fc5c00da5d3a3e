/** Files do not import each other in circles. Imports of types alone vanish at run time and are not counted. */
import type { SourceFile } from "./SourceFile.ts"
import { targetOf, type Violation } from "./Violation.ts"

/** One violation per circle, at the import that closes it. */
export const cycles = (files: ReadonlyArray<SourceFile>): ReadonlyArray<Violation> => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const finished = new Set<string>()
  const found: Array<Violation> = []
  const follow = (file: SourceFile, way: ReadonlyArray<string>): void => {
    if (finished.has(file.path)) return
    const wayHere = [...way, file.path]
    for (const { line, specifier, typeOnly } of file.imports) {
      const next = byPath.get(targetOf(file, specifier) ?? "")
      if (next === undefined || typeOnly) continue
      const since = wayHere.indexOf(next.path)
      if (since < 0) follow(next, wayHere)
      else
        found.push({ path: file.path, line, message: `a circle: ${[...wayHere.slice(since), next.path].join(" → ")}` })
    }
    finished.add(file.path)
  }
  for (const file of files) follow(file, [])
  return found
}
