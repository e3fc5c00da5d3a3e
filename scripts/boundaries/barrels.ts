/** No file only hands on what others export: barrels hide who depends on whom, slow the start and invite cycles. */
import type { SourceFile } from "./SourceFile.ts"
import type { Violation } from "./Violation.ts"

export const barrels = (files: ReadonlyArray<SourceFile>): ReadonlyArray<Violation> =>
  files
    .filter(({ path }) => /(^|\/)index\.[cm]?[jt]sx?$/.test(path))
    .map(({ path }) => ({ path, line: 1, message: "a barrel: name the file after what is in it" }))
