/** What the fields of a schedule's form hold, as text, and what is sent of it. Pure. */
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"

export interface Draft {
  readonly name: string
  readonly kind: string
  readonly cron: string
  readonly every: string
  readonly zone: string
  readonly missingHour: string
  readonly repeatedHour: string
  readonly overlap: string
  readonly missed: string
  readonly method: string
  readonly url: string
  /** One a line. */
  readonly headers: string
  readonly body: string
}

export const methods = ["POST", "GET", "PUT", "PATCH", "DELETE"] as const

export const emptyDraft = (zone: string): Draft => ({
  name: "",
  kind: "cron",
  cron: "0 8 * * MON-FRI",
  every: "15m",
  zone,
  missingHour: "shift",
  repeatedHour: "auto",
  overlap: "skip",
  missed: "skip",
  method: "POST",
  url: "",
  headers: "",
  body: ""
})

/** Its request is not among it: what is shown of that is not all, and secrets are struck out. */
export const draftOf = (schedule: ScheduleView): Draft => {
  const empty = emptyDraft(schedule.zone)
  return {
    ...empty,
    name: schedule.name ?? "",
    kind: schedule.cron === null ? "every" : "cron",
    cron: schedule.cron ?? empty.cron,
    every: schedule.every ?? empty.every,
    missingHour: schedule.missingHour ?? empty.missingHour,
    repeatedHour: schedule.repeatedHour ?? empty.repeatedHour,
    overlap: schedule.overlap,
    missed: schedule.missed.policy,
    method: schedule.request.method,
    url: schedule.request.url
  }
}

/** What its times follow from. */
export const ruleOf = ({ cron, every, kind, missingHour, repeatedHour, zone }: Draft) =>
  kind === "cron"
    ? { cron: cron.trim(), zone: zone.trim(), missingHour, repeatedHour }
    : { every: every.trim(), zone: zone.trim() }

/** `before`: of a schedule that is there. How much it makes up for is no field of the form, and stays while the policy does. */
export const termsOf = ({ missed, name, overlap }: Draft, before: ScheduleView | null) => ({
  name: name.trim() === "" ? null : name.trim(),
  overlap,
  ...(before?.missed.policy === missed ? {} : { missed: { policy: missed } })
})

const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/u.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    })
  )

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const requestOf = ({ body, headers, method, url }: Draft) => {
  const given = headersOf(headers)
  return {
    method,
    url: url.trim(),
    ...(Object.keys(given).length === 0 ? {} : { headers: given }),
    ...(body.trim() === "" ? {} : { body: jsonOf(body) })
  }
}
