/** What to do when the embedded server does not start, by what it says last. Its own words follow, since they name the file. */

interface Where {
  /** The server's data directory, and its log. */
  readonly data: string
  readonly log: string
}

type Remedy = readonly [says: RegExp, todo: (where: Where) => string]

const remedies: ReadonlyArray<Remedy> = [
  [/No space left on device/u, () => "make room on its disk"],
  [
    /Permission denied|invalid permissions|wrong ownership/u,
    ({ data }) => `give ${data} and all in it back to the user that it belonged to, with mode 0700`
  ],
  [
    /already exists|pre-existing shared memory|another postmaster/u,
    () => "end the server that works in that directory, and try again"
  ],
  [/could not (?:map anonymous|create) shared memory|could not create semaphores/u, () => "give it more memory"],
  [/could not load .*pg_hba\.conf/su, ({ data }) => `put ${data}/pg_hba.conf back: one line, \`local all all trust\``]
]

const restore = ({ log }: Where): string =>
  `its files are not whole: restore the home from a backup (docs/backup.md). More of what it says is in ${log}`

export const notStarted = (words: string, where: Where): string => {
  const todo = remedies.find(([says]) => says.test(words))?.[1] ?? restore
  return `the server did not start: ${todo(where)}. It says: ${words}`
}
