/**
 * The rules of a service call once more, written from the requirements and knowing nothing of the code: what a person with a
 * notebook would keep of one call, and what they would expect to hear.
 */

export type Status = "None" | "Scheduled" | "Running" | "Succeeded" | "Failed" | "Cancelled"
export type Told = "succeeded" | "failed" | "lost"

export interface Notebook {
  status: Status
  /** What was asked for; and until when nothing is to be sent for another reason, if later. */
  dueAt: number
  notBefore: number | null
  revision: number
  /** In the present run, and ever. */
  attempt: number
  epoch: number
  /** Given back one after the other for a reason of our own. */
  handBacks: number
  cancelRequested: boolean
  maxAttempts: number
  /** It failed because it had had all its attempts. */
  exhausted: boolean
  /** The one result that was accepted for an epoch, and the epochs of which a late one was noted. */
  readonly accepted: Map<number, Told>
  readonly noted: Set<number>
  endings: number
}

export const emptyNotebook = (): Notebook => ({
  status: "None",
  dueAt: 0,
  notBefore: null,
  revision: 0,
  attempt: 0,
  epoch: 0,
  handBacks: 0,
  cancelRequested: false,
  maxAttempts: 0,
  exhausted: false,
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
  book.notBefore = null
  book.handBacks = 0
  book.revision += 1
}

const wait = (book: Notebook, until: number): void => {
  book.status = "Scheduled"
  book.notBefore = until > book.dueAt ? until : null
  book.revision += 1
}

export const wakeOf = ({ dueAt, notBefore }: Notebook): number => notBefore ?? dueAt

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
  if (dueAt === book.dueAt && book.notBefore === null) return nothing("Rescheduled")
  schedule(book, dueAt)
  return stored("Rescheduled")
}

/** SC-3: only what failed is run again, with all its attempts anew. */
export const rerun = (book: Notebook, at: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Failed") return nothing("IllegalTransition")
  schedule(book, at)
  book.attempt = 0
  for (const [epoch, told] of book.accepted) if (told === "lost") book.accepted.delete(epoch)
  return stored("Rerun")
}

/** SC-4: stale and repeated firings change nothing; early is what comes more than 50 ms before its time. */
export const due = (book: Notebook, revision: number, at: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  if (book.status !== "Scheduled" || revision !== book.revision || at < wakeOf(book) - 50) return nothing("Ignored")
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
  book.handBacks = 0
  book.exhausted = false
  if (told === "succeeded") end(book, "Succeeded")
  else if (book.cancelRequested) end(book, "Cancelled")
  else if (retryable && book.attempt < book.maxAttempts) wait(book, retryAt())
  else {
    end(book, "Failed")
    book.exhausted = retryable
  }
  return stored("Recorded")
}

/** The pause that follows: for a stopping worker none, for an open circuit and after a recall a second, else growing up to a minute. */
const pauseOf = (book: Notebook, why: string): number => {
  if (why === "draining") return 0
  if (why === "circuit_open" || why === "recalled") return 1_000
  return Math.min(why === "request_unreadable" ? 300_000 : 60_000, 1_000 * 2 ** book.handBacks)
}

/** SC-21: what never left is no attempt, also when it was taken for lost before. Whoever asked to cancel may be told that it never left. */
export const handBack = (book: Notebook, epoch: number, why: string, at: number, retryAt: number): Expected => {
  if (gone(book)) return nothing("ServiceCallNotFound")
  const until = Math.max(retryAt, at + pauseOf(book, why))
  if (book.status !== "Running" || epoch !== book.epoch) {
    const open =
      book.status === "Scheduled" || book.status === "Running" || (book.status === "Failed" && book.exhausted)
    if (!open || book.accepted.get(epoch) !== "lost")
      return nothing(book.status === "Running" ? "Superseded" : "Ignored")
    book.accepted.delete(epoch)
    book.attempt -= 1
    if (book.status === "Failed") wait(book, until)
    return stored("Recorded")
  }
  const toldToStop = book.cancelRequested
  book.attempt -= 1
  wait(book, Math.max(wakeOf(book), until))
  if (!["draining", "circuit_open"].includes(why)) book.handBacks += 1
  if (toldToStop) end(book, "Cancelled")
  else if (why === "name_unanswered" && at >= book.dueAt + 86_400_000) {
    end(book, "Failed")
    book.exhausted = false
  }
  return stored("Recorded")
}
