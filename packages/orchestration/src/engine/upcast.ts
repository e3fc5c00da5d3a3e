/** Brings payloads that were written in older versions to the form of today. What is stored is never changed. */

/** By type of event: from version 1 to 2, from 2 to 3, and so on. A type that is not named here has only ever had version 1. */
export type Upcasters = Readonly<Record<string, ReadonlyArray<(payload: unknown) => unknown>>>

const stepsOf = (upcasters: Upcasters, type: string): ReadonlyArray<(payload: unknown) => unknown> =>
  (Object.hasOwn(upcasters, type) ? upcasters[type] : undefined) ?? []

/** The version that events of this type are written with. */
export const currentVersion = (upcasters: Upcasters, type: string): number => 1 + stepsOf(upcasters, type).length

/** Throws on a version that only a newer program can have written: deciding on half-understood facts would make it worse. */
export const upcast = (upcasters: Upcasters, type: string, version: number, payload: unknown): unknown => {
  const steps = stepsOf(upcasters, type)
  if (version > steps.length + 1) {
    throw new Error(
      `an event ${type} of version ${version} is newer than this program, which knows ${steps.length + 1}`
    )
  }
  if (version < 1) throw new Error(`an event ${type} has version ${version}, and versions begin at 1`)
  return steps.slice(version - 1).reduce((older, step) => step(older), payload)
}
