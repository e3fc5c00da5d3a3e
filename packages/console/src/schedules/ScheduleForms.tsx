/** A schedule is made or changed: its rule beside the times that follow from it, on both clocks, before anything is kept. */
import { Overlap, type ScheduleId } from "@dueline/contracts/schedule/Schedule"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import { Effect } from "effect"
import { type FormEvent, useState } from "react"
import { Link, useLocation } from "wouter"
import { newKey, useAct, useAnswer } from "../backend/asking.ts"
import type { Question } from "../backend/backend.ts"
import { useMay } from "../backend/session.ts"
import { headersFor } from "../parts/Actions.tsx"
import { announce } from "../parts/Announcer.tsx"
import { Section } from "../parts/Facts.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { Answered, Screen } from "../parts/Screen.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { localZone, useSettled } from "../time/Time.tsx"
import { NextTimes } from "./NextTimes.tsx"

const scope = "ops:schedules.write"
const settledMs = 400

/** Asked for once the fields have come to rest. */
const Preview = ({ draft }: { readonly draft: Draft }) => {
  const settled = useSettled(draft, settledMs)
  const rule = ruleOf(settled)
  const answer = useAnswer(JSON.stringify(rule), ({ schedules }) =>
    schedules.previewNew({ payload: { ...rule, count: 5 } as never })
  )
  return <Answered answer={answer}>{(preview) => <NextTimes preview={preview} />}</Answered>
}

interface FormProps {
  readonly first: Draft
  /** Of a schedule that is there: it keeps its request unless another is given. */
  readonly existing: boolean
  readonly label: string
  readonly send: (draft: Draft, sendRequest: boolean) => Question<{ readonly body: { readonly id: string } }>
  readonly back: string
}

const Form = ({ back, existing, first, label, send }: FormProps) => {
  const [draft, setDraft] = useState(first)
  const [sendRequest, setSendRequest] = useState(!existing)
  const { act, busy, trouble } = useAct()
  const [, go] = useLocation()
  const may = useMay(scope)
  const field = (name: keyof Draft) => ({
    value: draft[name],
    set: (value: string) => setDraft((before) => ({ ...before, [name]: value }))
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act(send(draft, sendRequest), ({ body }) => {
      announce(existing ? "Changed" : "Made")
      go(`/schedules/${body.id}`)
    })
  }
  return (
    <form className="form" onSubmit={submit}>
      <div className="columns">
        <div className="fields">
          <Field label="Name" {...field("name")} />
          <Choice label="Comes again" of={["cron", "every"]} {...field("kind")} />
          {draft.kind === "cron" ? (
            <Field label="Minute, hour, day, month, day of week" {...field("cron")} />
          ) : (
            <Field label="Every: 90s, 15m, 2h, 1d" {...field("every")} />
          )}
          <Field label="Time zone" options={Intl.supportedValuesOf("timeZone")} {...field("zone")} />
          <Choice label="A time that clocks pass over" of={MissingHour.literals} {...field("missingHour")} />
          <Choice label="A time that clocks show twice" of={RepeatedHour.literals} {...field("repeatedHour")} />
          <Choice label="While the call before goes on" of={Overlap.literals} {...field("overlap")} />
          <Choice label="Times that were missed" of={["skip", "last", "all"]} {...field("missed")} />
        </div>
        <div className="fields">
          {existing ? (
            <label className="check">
              <input type="checkbox" checked={sendRequest} onChange={(event) => setSendRequest(event.target.checked)} />
              Another request: the one it has is sealed, and stays otherwise
            </label>
          ) : null}
          {sendRequest ? (
            <>
              <Choice label="Method" of={methods} {...field("method")} />
              <div className="whole">
                <Field label="URL; {{occurrence.at}} and others stand for values" {...field("url")} />
              </div>
              <Field label="Headers, one a line: name: value" rows={3} {...field("headers")} />
              <Field label="Body; JSON is sent as JSON, anything else as it is" rows={5} {...field("body")} />
            </>
          ) : null}
        </div>
      </div>
      <Section title="Times that follow from this">
        <Preview draft={draft} />
      </Section>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      {may ? null : <p className="note warn">Needs the permission {scope}.</p>}
      <div className="actions">
        <button type="submit" className="main" disabled={busy || !may || (sendRequest && draft.url.trim() === "")}>
          {label}
        </button>
        <Link href={back} className="button">
          Leave it
        </Link>
      </div>
    </form>
  )
}

export const NewScheduleScreen = () => (
  <Screen title="Make a schedule">
    <Form
      first={emptyDraft(localZone)}
      existing={false}
      label="Make it"
      back="/schedules"
      send={(draft) =>
        ({ schedules }) =>
          schedules.create({
            headers: { "idempotency-key": newKey() },
            payload: { ...termsOf(draft, null), ...ruleOf(draft), request: requestOf(draft) } as never
          })
        }
    />
  </Screen>
)

const Editing = ({ schedule }: { readonly schedule: ScheduleView }) => (
  <Form
    first={draftOf(schedule)}
    existing
    label="Change it"
    back={`/schedules/${schedule.id}`}
    send={(draft, sendRequest) =>
      ({ schedules }) =>
        schedules.update({
          params: { id: schedule.id },
          headers: headersFor(schedule),
          payload: {
            ...termsOf(draft, schedule),
            ...ruleOf(draft),
            ...(sendRequest ? { request: requestOf(draft) } : {})
          } as never
        })
      }
  />
)

export const EditScheduleScreen = ({ id }: { readonly id: string }) => {
  const answer = useAnswer(id, ({ schedules }) =>
    Effect.map(schedules.get({ params: { id: id as ScheduleId }, query: {}, headers: {} }), ({ body }) => body ?? null)
  )
  return (
    <Screen title={answer.value === null ? "Edit a schedule" : `Edit ${answer.value.name ?? "a schedule"}`}>
      <Answered answer={answer}>{(found) => (found === null ? null : <Editing schedule={found} />)}</Answered>
    </Screen>
  )
}

/** What the fields of a schedule's form hold, as text, and what is sent of it. Pure. */
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
