/** Effect 4 took these packages into itself: the old ones bring a second, incompatible Effect along. */
import type { SourceFile } from "./SourceFile.ts"
import type { Violation } from "./Violation.ts"

const absorbed = new Set(
  (
    "platform schema sql sql-pglite cli cluster rpc workflow experimental printer printer-ansi typeclass data io stream stm " +
    "match ai language-service"
  )
    .split(" ")
    .map((name) => `@effect/${name}`)
)

/** Whether the module comes from a package that Effect 4 replaced, or from the folder its previews used. */
export const isAbsorbed = (specifier: string): boolean =>
  absorbed.has(specifier.split("/").slice(0, 2).join("/")) || specifier.startsWith("effect/unstable/")

export const absorbedPackages = (files: ReadonlyArray<SourceFile>): ReadonlyArray<Violation> =>
  files.flatMap(({ imports, path }) =>
    imports
      .filter(({ specifier }) => isAbsorbed(specifier))
      .map(({ line, specifier }) => ({
        path,
        line,
        message: `${specifier} is part of effect now: import it from there`
      }))
  )
