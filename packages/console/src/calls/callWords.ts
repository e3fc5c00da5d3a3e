/** A call's state in words: what it waits for, what became of its last attempt. */
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"

const reasons: Readonly<Record<string, string>> = {
  http_status: "the target answered with an error",
  timeout: "the target did not answer in time",
  dns: "the target's name has no address",
  connect: "no connection to the target",
  tls: "the target's certificate was not accepted",
  connection_lost: "the connection broke off",
  redirect_refused: "the target redirects, which is not followed",
  egress_denied: "this address may not be called",
  request_unreadable: "the sealed request cannot be opened",
  worker_lost: "the process that made it went away",
  deadline_exceeded: "no result came in time"
}

const waits: Readonly<Record<string, string>> = {
  retry: "the next attempt, after one that failed",
  circuit_open: "its target, whose circuit is open",
  draining: "another process: the one that had it is stopping",
  no_capacity: "a free place",
  lease_unconfirmed: "the store to confirm who may make it",
  name_unanswered: "a name server that answers",
  recalled: "its new time",
  request_unreadable: "a key that opens its request"
}

export const reasonWords = (reason: string): string => reasons[reason] ?? reason
export const waitWords = (reason: string): string => waits[reason] ?? reason

/** `HTTP 500`, `timeout`: the last attempt's result as short as it goes. */
export const resultWords = ({
  failureReason,
  lastStatus
}: Pick<ServiceCallSummary, "failureReason" | "lastStatus">): string => {
  if (failureReason !== null && failureReason !== "http_status") return failureReason.replaceAll("_", " ")
  return lastStatus === null ? "" : `HTTP ${lastStatus}`
}

export const targetOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url)
