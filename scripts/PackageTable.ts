/** Who may import whom, as docs/architecture.md says: the table a reader sees is the rule that is checked. */

/** One row. `reach` holds module names outside the workspace; a trailing `*` stands for any ending. */
export interface PackageRow {
  readonly folder: string
  readonly imports: ReadonlyArray<string> | "everything"
  readonly reach: ReadonlyArray<string> | "everything"
}

export type PackageTable = ReadonlyMap<string, PackageRow>

/** Reads the table headed `Folder | One responsibility | May import | May reach`. Throws when it is not there. */
export const parsePackageTable = (markdown: string): PackageTable => {
  const rows = new Map<string, PackageRow>()
  for (const line of markdown.split("\n")) {
    const [folder, , imports, reach] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
    const name = /^`packages\/([\w-]+)`$/.exec(folder ?? "")?.[1]
    if (name === undefined || imports === undefined || reach === undefined) continue
    rows.set(name, { folder: name, imports: namesIn(imports), reach: namesIn(reach) })
  }
  if (rows.size === 0) throw new Error("docs/architecture.md: the table of packages is missing")
  return rows
}

const namesIn = (cell: string) =>
  cell === "everything" ? cell : [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)

/** Whether `specifier` is one of the names, or a module below one of them that ends in `*`. */
export const reaches = (names: PackageRow["reach"], specifier: string): boolean =>
  names === "everything" ||
  names.some((name) => (name.endsWith("*") ? specifier.startsWith(name.slice(0, -1)) : specifier === name))
