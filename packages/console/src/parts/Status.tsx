/** A state as a word, a shape and a colour: none of the three is needed to understand the others. */

type Tone = "good" | "bad" | "warn" | "busy" | "calm" | "off"

const shapes: Readonly<Record<Tone, string>> = {
  good: "M2 6.5 5 9.5 10 3",
  bad: "M3 3 9 9 M9 3 3 9",
  warn: "M6 1.5 11 10.5 1 10.5 Z",
  busy: "M2 6a4 4 0 1 1 1.2 2.8",
  calm: "M6 1.5a4.5 4.5 0 1 0 .01 0 M6 3.5 V6 L8 7.2",
  off: "M2.5 6 H9.5"
}

const tones: Readonly<Record<string, Tone>> = {
  Succeeded: "good",
  Completed: "good",
  Processed: "good",
  Delivered: "good",
  Active: "good",
  up: "good",
  ok: "good",
  serving: "good",
  done: "good",
  succeeded: "good",
  Live: "good",
  Confirmed: "good",
  Failed: "bad",
  failed: "bad",
  refused: "bad",
  failing: "bad",
  gone: "bad",
  Rejected: "bad",
  Exception: "bad",
  Revoked: "bad",
  down: "bad",
  Overdue: "warn",
  waiting: "warn",
  Waiting: "warn",
  Suspended: "warn",
  Maintenance: "warn",
  Paused: "warn",
  degraded: "warn",
  draining: "warn",
  skipped: "warn",
  Aborting: "warn",
  Running: "busy",
  running: "busy",
  starting: "busy",
  InTransit: "busy",
  PickedUp: "busy",
  Received: "busy",
  replaying: "busy",
  Scheduled: "calm",
  Draft: "calm",
  LabelCreated: "calm",
  pending: "calm"
}

export const toneOf = (status: string): Tone => tones[status] ?? "off"

export const firstUpper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `InTransit` reads `In transit`. */
export const wordsOf = (status: string): string =>
  firstUpper(status.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, " ").toLowerCase())

export const Status = ({ of, words, tone }: { readonly of: string; readonly words?: string; readonly tone?: Tone }) => {
  const shown = tone ?? toneOf(of)
  return (
    <span className={`status ${shown}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d={shapes[shown]} />
      </svg>
      {words ?? wordsOf(of)}
    </span>
  )
}
