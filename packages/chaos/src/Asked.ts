/** What was asked of the API about anything but a single call, and what was heard: part of the history. */

export type PauseOf = "target" | "flow" | "tag"
export type JobAction = "cancel-calls" | "move-calls"
export type Overlap = "allow" | "skip" | "queue"

/** What is wanted, as the asker knows it. */
export type Wanted =
  /** Calls wait. */
  | { readonly _tag: "pause"; readonly of: PauseOf; readonly key: string }
  /** They go on: all at once, or, when it is said, so many in a second. */
  | { readonly _tag: "resume"; readonly pauseId: string; readonly perSecond?: number }
  /** A call to `key.TIME` at `from` and each `everyMs` after it, until `until`. */
  | {
      readonly _tag: "schedule"
      readonly key: string
      readonly everyMs: number
      readonly from: number
      readonly until: number
      readonly overlap: Overlap
    }
  | { readonly _tag: "delete-schedule"; readonly scheduleId: string }
  /** Messages of these topics at `key`. */
  | { readonly _tag: "subscribe"; readonly key: string; readonly topics: ReadonlyArray<string> }
  /** Another secret, since the answer that showed the first was lost. */
  | { readonly _tag: "rotate"; readonly subscriptionId: string }
  | { readonly _tag: "unsubscribe"; readonly subscriptionId: string }
  /** Calls with these keys that are not due for long. */
  | { readonly _tag: "submit-many"; readonly keys: ReadonlyArray<string> }
  /** How many a job would be about. */
  | { readonly _tag: "plan" }
  /** All calls with these keys are cancelled, or moved to now. */
  | { readonly _tag: "job"; readonly action: JobAction; readonly keys: ReadonlyArray<string> }
  /** A customer or a bin, which payloads are about. */
  | { readonly _tag: "prepare" }
  /** An order for the bin, which may not be there, in the window; epoch milliseconds. */
  | {
      readonly _tag: "drop"
      readonly binId: string
      readonly isThere: boolean
      readonly from: number
      readonly to: number
    }

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
  /** That was shown with it. */
  readonly secret: string | null
}

type Tag = Wanted["_tag"]
type Of<T extends Tag> = Extract<Wanted, { readonly _tag: T }>

/** One that was done: it has an id, and the time of its answer. */
export interface Done<T extends Tag> extends Asked {
  readonly wanted: Of<T>
  readonly completedAt: number
  readonly id: string
}

export const isAbout = <T extends Tag>(asked: Asked, tag: T): asked is Asked & { readonly wanted: Of<T> } =>
  asked.wanted._tag === tag

export const done = <T extends Tag>(all: ReadonlyArray<Asked>, tag: T): ReadonlyArray<Done<T>> =>
  all.filter(
    (asked): asked is Done<T> =>
      isAbout(asked, tag) && asked.completedAt !== null && asked.id !== null && (asked.status ?? 0) < 300
  )
