/** Tables of single kinds, as one. */

type Table<V> = Readonly<Record<string, V>>

/** In their order. Throws for a name that stands in two of them: which entry it means would be left to chance. */
export const joinTables = <V>(tables: ReadonlyArray<Table<V>>): Table<V> => {
  const joined = new Map<string, V>()
  for (const [name, value] of tables.flatMap((table) => Object.entries(table))) {
    if (joined.has(name)) throw new Error(`${name} stands in two tables`)
    joined.set(name, value)
  }
  return Object.fromEntries(joined)
}

/** The type of such a table, from the union of those it is made of. */
export type Joined<T> = {
  readonly [Name in T extends unknown ? keyof T : never]: Extract<T, Readonly<Record<Name, unknown>>>[Name]
}
