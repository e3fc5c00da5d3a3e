/** What a boundary rule has to say about one line of one file. */
import type { SourceFile } from "./SourceFile.ts"

export interface Violation {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** The package a file belongs to and the part of it: `src`, `test`, or something else. */
export const placeOf = ({ path }: SourceFile) => {
  const [top, folder = "", part = ""] = path.split("/")
  return top === "packages" ? { folder, part } : { folder: "", part: "" }
}

/** The workspace path an import leads to, or undefined when it leaves the workspace. */
export const targetOf = ({ path }: SourceFile, specifier: string): string | undefined => {
  if (specifier.startsWith(".")) {
    return new URL(specifier, `file:///${path}`).pathname.slice(1)
  }
  const [, folder, module] = /^@dueline\/([\w-]+)\/(.+)$/.exec(specifier) ?? []
  return folder === undefined ? undefined : `packages/${folder}/src/${module}.ts`
}
