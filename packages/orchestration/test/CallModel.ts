/**
 * The rules of a service call once more, written from the requirements and knowing nothing of the code: what a person with a
 * notebook would keep of one call, and what they would expect to hear.
 */

export type Status = "None" | "Scheduled" | "Running" | "Succeeded" | "Failed" | "Cancelled"
export type Told = "succeeded" | "failed" | "lost"

export interface Notebook {
  status: Status
  dueAt: number
  revision: number
  /** In the present run, and ever. */
  attempt: number
  epoch: number
  cancelRequested: boolean
  maxAttempts: number
  /** The one result that was accepted for an epoch, and the epochs of which a late one was noted. */
  readonly accepted: Map<number, Told>
  readonly noted: Set<number>
  endings: number
}

export const emptyNotebook = (): Notebook => ({
  status: "None",
  dueAt: 0,
  revision: 0,
  attempt: 0,
  epoch: 0,
  cancelRequested: false,
  maxAttempts: 0,
  accepted: new Map(),
  noted: new Set(),
  endings: 0
})

/** What is answered: an outcome or a refusal by name, and whether anything was stored. */
export interface Expected {
  readonly says: string
  readonly stores: boolean
}

const nothing = (says: string): Expected => ({ says, stores: false })
const stored = (says: string): Expected => ({ says, stores: true })

const end = (book: Notebook, status: "Succeeded" | "Failed" | "Cancelled"): void => {
  book.status = status
  book.cancelRequested = false
  book.endings += 1
}

const schedule = (book: Notebook, dueAt: number): void => {
  book.status = "Scheduled"
  book.dueAt = dueAt
  book.revision += 1
}

const gone = (book: Notebook): boolean => book.status === "None"
const sent = (book: Notebook): boolean => ["Running", "Succeeded", "Failed"].includes(book.status)

/** SC-2: the same submission is the same call; another under its id is refused. */
export const submit = (book: Notebook, same: boolean, dueAt: number, maxAttempts: number): Expected => {
  if (!gone(book)) return nothing(same ? "Submitted" : "ServiceCallIdTaken")
  book.maxAttempts = maxAttempts
  schedule(book, dueAt)
  return stored("Submitted")
}

/** SC-8: who won the race. */
export const cancel = (book: Notebook): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status === "Cancelled") return nothing("Cancelled")
  if (book.status === "Scheduled") {
    end(book, "Cancelled")
    return stored("Cancelled")
  }
  if (book.status !== "Running") return nothing("ServiceCallAlreadyDispatched")
  const already = book.cancelRequested
  book.cancelRequested = true
  return already ? nothing("Cancelling") : stored("Cancelling")
}

export const reschedule = (book: Notebook, dueAt: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (sent(book)) return nothing("ServiceCallAlreadyDispatched")
  if (book.status === "Cancelled") return nothing("IllegalTransition")
  if (dueAt === book.dueAt) return nothing("Rescheduled")
  schedule(book, dueAt)
  return stored("Rescheduled")
}

/** SC-3: only what failed is run again, with all its attempts anew. */
export const rerun = (book: Notebook, at: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Failed") return nothing("IllegalTransition")
  schedule(book, at)
  book.attempt = 0
  return stored("Rerun")
}

/** SC-4: early, stale and repeated firings change nothing. */
export const due = (book: Notebook, revision: number, at: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Scheduled" || revision !== book.revision || at < book.dueAt) return nothing("Ignored")
  book.status = "Running"
  book.attempt += 1
  book.epoch += 1
  return stored("Started")
}

/** SC-14: what does not belong to the attempt on the wire is noted once, unless it is an echo or the watchdog's guess. */
const late = (book: Notebook, epoch: number, told: Told): Expected => {
  if (told === "lost" || book.accepted.get(epoch) === told || book.noted.has(epoch)) return nothing("Recorded")
  book.noted.add(epoch)
  return stored("Superseded")
}

/** SC-6: `retryAt` is read off afterwards, since the dice are not ours; null when there must be no retry. */
export const result = (
  book: Notebook,
  epoch: number,
  told: Told,
  retryable: boolean,
  retryAt: () => number
): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Running" || epoch !== book.epoch) return late(book, epoch, told)
  book.accepted.set(epoch, told)
  if (told === "succeeded") end(book, "Succeeded")
  else if (retryable && !book.cancelRequested && book.attempt < book.maxAttempts) schedule(book, retryAt())
  else end(book, "Failed")
  return stored("Recorded")
}

/** Nothing was sent: no attempt is used up, and whoever asked to cancel may be told that it never left. */
export const handBack = (book: Notebook, epoch: number, retryAt: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Running") return nothing("Ignored")
  if (epoch !== book.epoch) return nothing("Superseded")
  const toldToStop = book.cancelRequested
  book.attempt -= 1
  schedule(book, retryAt)
  if (toldToStop) end(book, "Cancelled")
  return stored("Recorded")
}
