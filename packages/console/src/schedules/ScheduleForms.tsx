/** A schedule is made or changed: its rule beside the times that follow from it, on both clocks, before anything is kept. */
import { Overlap, type ScheduleId } from "@dueline/contracts/schedule/Schedule"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import { Effect } from "effect"
import { type FormEvent, useState } from "react"
import { Link, useLocation } from "wouter"
import type { Question } from "../backend/backend.ts"
import { newKey, useAct } from "../backend/useAct.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { headersFor } from "../parts/Actions.tsx"
import { announce } from "../parts/Announcer.tsx"
import { Section } from "../parts/Facts.tsx"
import { Choice, Field } from "../parts/Fields.tsx"
import { Answered, Screen } from "../parts/Screen.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../parts/useMay.ts"
import { localZone } from "../time/chosenZone.ts"
import { useSettled } from "../time/useSettled.ts"
import { NextTimes } from "./NextTimes.tsx"
import { type Draft, draftOf, emptyDraft, methods, requestOf, ruleOf, termsOf } from "./scheduleDraft.ts"

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
