/** Everything a run has started or made, so that nothing of it outlives the run, however that ends. */

type Release = () => Promise<void>

const held = new Set<Release>()
let ending = false

/** Throws once the run is ending: nothing new is begun then. */
export const mayBegin = (): void => {
  if (ending) throw new Error("the run is ending")
}

/** The returned function releases it, once; whatever was not released by then goes with `releaseAll`. */
export const hold = (release: Release): Release => {
  const once: Release = async () => {
    if (held.delete(once)) await release()
  }
  held.add(once)
  return once
}

/** The latest first: processes before the stores they use, stores before their directories. */
const releaseThose = async (which: (release: Release) => boolean): Promise<void> => {
  for (const release of [...held].filter(which).toReversed()) await release().catch(() => undefined)
}

export const releaseAll = (): Promise<void> => releaseThose(() => true)

/** Releases whatever `use` held, when it has ended in whatever way. */
export const during = async <A>(use: () => Promise<A>): Promise<A> => {
  const before = new Set(held)
  try {
    return await use()
  } finally {
    await releaseThose((release) => !before.has(release))
  }
}

/** Ctrl-C and its kin end the run in order, as does an error that nobody caught; a second one ends it at once. */
export const releaseOnSignal = (): void => {
  const end = (why: unknown, code: number) => {
    if (ending) process.exit(code)
    ending = true
    console.error(why, "\nstopping what was started")
    void releaseAll().finally(() => process.exit(code))
  }
  process.on("uncaughtException", (error) => end(error, 1))
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const) {
    process.on(signal, () => end(signal, code))
  }
}
