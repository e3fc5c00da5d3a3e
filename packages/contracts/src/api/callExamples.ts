/** Worked examples of service calls: one story, from the submission to the end. */
import type { CorrelationId, EpochMillis, ServiceCallId } from "../Ids.ts"
import { defaultRetryPolicy } from "../serviceCall/Spec.ts"
import { problemBody } from "./Problem.ts"
import type { RescheduleServiceCall, SubmitServiceCall } from "./ServiceCallRequest.ts"
import type { HistoryEvent, ServiceCall, ServiceCallState } from "./ServiceCallView.ts"
import { formatInstant } from "./Wire.ts"

const id = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05" as ServiceCallId
const correlationId = "1y2p0ij32e8e7" as CorrelationId
const submittedAt = 1_769_850_000_000 as EpochMillis
const dueAt = formatInstant(submittedAt + 3_000)
const self = `/v1/service-calls/${id}`

const submission: SubmitServiceCall = {
  delay: "3s",
  request: { method: "POST", url: "https://example.com/hooks/42", body: { hello: "world" } },
  tags: ["invoice:42"]
}
const move: RescheduleServiceCall = { delay: "2h" }

const state: ServiceCallState = {
  id,
  status: "Scheduled",
  dueAt,
  attempt: 0,
  version: 1,
  links: { self, events: `${self}/events` }
}

const ended: ServiceCall = {
  ...state,
  status: "Succeeded",
  attempt: 1,
  version: 3,
  notBefore: null,
  waitReason: null,
  createdAt: formatInstant(submittedAt),
  updatedAt: formatInstant(submittedAt + 3_090),
  endedAt: formatInstant(submittedAt + 3_090),
  tags: ["invoice:42"],
  cancelRequested: false,
  lastStatus: 200,
  failureReason: null,
  request: {
    method: "POST",
    url: "https://example.com/hooks/42",
    headers: { "content-type": "application/json" },
    bodyBytes: 17,
    bodySnippet: '{"hello":"world"}'
  },
  timeoutMs: 30_000,
  retry: defaultRetryPolicy,
  epoch: 1,
  flow: null,
  waitsFor: null,
  correlationId,
  attempts: [
    {
      number: 1,
      epoch: 1,
      startedAt: formatInstant(submittedAt + 3_001),
      durationMs: 87,
      outcome: "succeeded",
      status: 200,
      reason: null,
      detail: null,
      response: { bodyBytes: 2, bodySnippet: "ok", truncated: false },
      superseded: []
    }
  ]
}

const event: HistoryEvent = {
  version: 2,
  eventId: "019c1351-4b29-7d2e-a1b4-6f0c93d5e871",
  type: "ExecutionStarted",
  eventVersion: 1,
  recordedAt: formatInstant(submittedAt + 3_001),
  correlationId,
  actor: { kind: "system", id: "timer" },
  payload: {
    _tag: "ExecutionStarted",
    epoch: 1,
    attempt: 1,
    worker: "w1",
    startedAt: submittedAt + 3_001,
    deadlineAt: submittedAt + 38_001
  }
}

const {
  attempts: _attempts,
  correlationId: _id,
  epoch: _epoch,
  request: _request,
  retry: _retry,
  timeoutMs: _timeoutMs,
  waitsFor: _waitsFor,
  flow: _flow,
  ...summary
} = ended
const listed = { ...summary, request: { method: "POST", url: "https://example.com/hooks/42" } }

/** By operation. */
export const callExamples = {
  submit: { request: submission, 200: ended, 202: state },
  submitBatch: {
    request: {
      items: [{ ...submission, idempotencyKey: "invoice-42" }, { request: { method: "GET", url: "ftp://example.com" } }]
    },
    200: {
      items: [
        { status: 202, call: state, correlationId, replayed: false },
        {
          status: 422,
          problem: problemBody(
            "request_refused",
            correlationId,
            "Correct what `errors` lists: such a request is never sent.",
            {
              errors: [
                {
                  path: "body.items.1.request.url",
                  code: "scheme_not_allowed",
                  message: "Only http and https URLs can be called."
                }
              ]
            }
          )
        }
      ]
    }
  },
  list: { 200: { items: [listed], nextCursor: null } },
  live: { 200: { event: "message", data: JSON.stringify({ sequence: 4, calls: [listed], omitted: 0 }) } },
  get: { 200: ended },
  events: { 200: { items: [event], nextAfter: 2 } },
  cancel: {
    200: { ...state, status: "Cancelled", version: 2 },
    202: { ...state, status: "Running", attempt: 1, version: 3 }
  },
  reschedule: {
    request: move,
    200: { ...state, dueAt: formatInstant(submittedAt + 7_200_000), version: 2 }
  },
  run: { 202: { ...state, version: 5 } },
  timeline: { 200: { items: [{ category: "service-call", id, ...event }], nextCursor: null } }
}
