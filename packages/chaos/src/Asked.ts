/** What was asked of the API about anything but a single call, and what was heard: part of the history. */

/** What is wanted, as the asker knows it. */
export type Wanted =
  /** Calls that `concerns` names wait. */
  | { readonly _tag: "pause"; readonly of: PauseOf; readonly key: string }
  | { readonly _tag: "resume"; readonly pauseId: string }

export type PauseOf = "target" | "flow" | "tag"

export interface Asked {
  /** Name of the tenant who asks. */
  readonly tenant: string
  readonly wanted: Wanted
  /** Start of the first try. */
  readonly invokedAt: number
  /** Null, as the status, when it was never answered: whether it was done is not known. */
  readonly completedAt: number | null
  readonly tries: number
  readonly status: number | null
  /** Of what it made, or was about. */
  readonly id: string | null
}

/** One that was done: it has an id, and the time of its answer. */
export interface Done<Of extends Wanted> extends Asked {
  readonly wanted: Of
  readonly completedAt: number
  readonly id: string
}

type Tag = Wanted["_tag"]
type Of<T extends Tag> = Extract<Wanted, { readonly _tag: T }>

export const isAbout = <T extends Tag>(asked: Asked, tag: T): asked is Asked & { readonly wanted: Of<T> } =>
  asked.wanted._tag === tag

export const done = <T extends Tag>(all: ReadonlyArray<Asked>, tag: T): ReadonlyArray<Done<Of<T>>> =>
  all.filter(
    (asked): asked is Done<Of<T>> =>
      isAbout(asked, tag) && asked.completedAt !== null && asked.id !== null && (asked.status ?? 0) < 300
  )
