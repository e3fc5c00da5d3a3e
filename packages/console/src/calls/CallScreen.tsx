/**
 * One call: what it is now, why, what was tried, and what can be done about it. What was recorded of one call, event by event, with who did it.
 */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { HistoryEvent, ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import { useState } from "react"
import { Link } from "wouter"
import { useAnswer } from "../backend/asking.ts"
import { Live, useCallNews } from "../live/callNews.tsx"
import { Copy } from "../parts/Dialogs.tsx"
import { Events } from "../parts/Events.tsx"
import { Facts, Json, Section } from "../parts/Facts.tsx"
import { type Get, OneScreen, useOne } from "../parts/OneScreen.tsx"
import { Answered } from "../parts/Screen.tsx"
import { Ago, lasted, Time } from "../time/Time.tsx"
import { Attempts } from "./Attempts.tsx"
import { CallActions } from "./CallActions.tsx"
import { reasonWords, waitWords } from "./callWords.ts"

/** What a person would say of it in one sentence. */
const Sentence = ({ call }: { readonly call: ServiceCall }) => {
  const last = call.attempts.at(-1)
  const why = call.failureReason === null ? null : reasonWords(call.failureReason)
  const status = call.lastStatus === null ? "" : ` (HTTP ${call.lastStatus})`
  switch (call.status) {
    case "Failed":
      return (
        <p className="lead">
          Failed after {call.attempt} {call.attempt === 1 ? "attempt" : "attempts"}: {why ?? "for good"}
          {status}. {last === undefined || last.reason === "http_status" ? "" : last.detail} It is not tried again
          unless somebody runs it.
        </p>
      )
    case "Scheduled":
      return (
        <p className="lead">
          {call.waitReason === null ? "Waits for its time, " : `Waits for ${waitWords(call.waitReason)}, `}
          <Ago at={call.notBefore ?? call.dueAt} />.{why === null ? "" : ` The attempt before failed: ${why}${status}.`}
        </p>
      )
    case "Running":
      return (
        <p className="lead">
          Attempt {call.attempt} is under way
          {call.cancelRequested ? "; it is the last one, since the call is to be cancelled" : ""}.
        </p>
      )
    case "Succeeded":
      return (
        <p className="lead">
          Done with attempt {call.attempt}
          {status}, <Ago at={call.endedAt} />.
        </p>
      )
    case "Cancelled":
      return (
        <p className="lead">
          Cancelled <Ago at={call.endedAt} />: no further request leaves.
        </p>
      )
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const asCurl = ({ request }: ServiceCall): string =>
  [
    `curl -X ${request.method} ${quoted(request.url)}`,
    ...Object.entries(request.headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(request.bodySnippet === null ? [] : [`--data ${quoted(request.bodySnippet)}`])
  ].join(" \\\n  ")

const Details = ({ call }: { readonly call: ServiceCall }) => (
  <Facts
    of={[
      ["Due", <Time key="due" at={call.dueAt} />],
      ["Not before", call.notBefore === null ? null : <Time key="not" at={call.notBefore} />],
      ["Submitted", <Time key="made" at={call.createdAt} />],
      ["Ended", <Time key="ended" at={call.endedAt} />],
      ["Attempts", `${call.attempt} of ${call.retry.maxAttempts}`],
      ["Time-out", lasted(call.timeoutMs)],
      ["Tags", call.tags.length === 0 ? null : call.tags.map((tag) => <code key={tag}>{tag}</code>)],
      ["Version", call.version],
      ["Id", <code key="id">{call.id}</code>],
      [
        "Correlation",
        <Link key="correlation" href={`/timeline/${encodeURIComponent(call.correlationId)}`}>
          <code>{call.correlationId}</code>
        </Link>
      ]
    ]}
  />
)

/** As it is written on the wire, as far as it may be shown. */
const Request = ({ request: { bodyBytes, bodySnippet, headers, method, url } }: Pick<ServiceCall, "request">) => (
  <>
    <Json
      of={[
        `${method} ${url}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ...(bodySnippet === null ? [] : ["", bodySnippet])
      ].join("\n")}
    />
    <p className="faint">
      {bodySnippet !== null ? "" : bodyBytes === 0 ? "Without a body. " : `With a body of ${bodyBytes} bytes. `}
      Secrets are struck out. The request as it is sent is kept under seal.
    </p>
  </>
)

/** What it is, or was; what was tried stands first, since it says why. */
const Whole = ({ of: found }: { readonly of: ServiceCall }) => (
  <>
    <Section title="Attempts">
      <Attempts
        attempts={found.attempts}
        next={found.status === "Scheduled" ? (found.notBefore ?? found.dueAt) : null}
      />
    </Section>
    <Section title="Request">
      <Request request={found.request} />
      <div className="actions">
        <Copy label="Copy as curl" text={() => asCurl(found)} />
        <Copy label="Copy as JSON" text={() => JSON.stringify(found, null, 2)} />
        <Copy label="Copy id" text={() => found.id} />
        <Copy label="Copy link" text={() => location.href} />
      </div>
    </Section>
    <Section title="Details">
      <Details call={found} />
    </Section>
    <Section title="History">
      <History id={found.id} version={found.version} />
    </Section>
  </>
)

const Now = ({ changed, of: found }: { readonly of: ServiceCall; readonly changed: () => void }) => (
  <>
    <Sentence call={found} />
    {found.waitsFor === null ? null : (
      <p className="note warn">
        {found.waitsFor.text} <Link href="/pauses?status=Active">See what is paused</Link>
      </p>
    )}
    <CallActions call={found} changed={changed} />
    <Whole of={found} />
  </>
)

/** News come as they happen; this is for when they do not. */
const lookMs = 15_000

export const CallScreen = ({ id }: { readonly id: string }) => {
  const get: Get<ServiceCall> = ({ serviceCalls }, query) =>
    serviceCalls.get({ params: { id: id as ServiceCallId }, query, headers: {} })
  const answer = useOne(id, get, lookMs)
  useCallNews({
    missed: answer.again,
    changed: (calls) => {
      const now = calls.get(id)
      if (now !== undefined && now.version !== answer.value?.version) answer.again()
    }
  })
  return (
    <OneScreen
      answer={answer}
      get={get}
      title={(call) => (call === null ? "Call" : `${call.request.method} ${call.request.url}`)}
      aside={<Live />}
      Now={Now}
      Was={Whole}
    />
  )
}

/** So many of the last versions are read; a call may have many more. */
const shown = 200

export const History = ({ id, version }: { readonly id: ServiceCallId; readonly version: number }) => {
  const [older, setOlder] = useState(0)
  const after = Math.max(0, version - shown - older)
  const answer = useAnswer<{ readonly items: ReadonlyArray<HistoryEvent> }>(
    `${id} ${version} ${after}`,
    ({ serviceCalls }) => serviceCalls.events({ params: { id }, query: { after, limit: shown } })
  )
  return (
    <Answered answer={answer}>
      {({ items }) => (
        <>
          <Events of={items.toReversed()} />
          {after > 0 ? (
            <button type="button" onClick={() => setOlder(older + shown)}>
              Older events
            </button>
          ) : null}
        </>
      )}
    </Answered>
  )
}
