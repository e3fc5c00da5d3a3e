/** SQL for a `ServiceCallRow` as JSON, from a row of `service_calls` or a part of it that goes by `alias`. */

export const callJson = (alias: string): string => {
  const c = (column: string) => `${alias}.${column}`
  return `json_build_object('_tag', 'ServiceCallRow', 'tenantId', ${c("tenant_id")}, 'callId', ${c("call_id")},
    'version', ${c("version")}, 'status', ${c("status")}, 'createdAt', ${c("created_at")}, 'updatedAt', ${c("updated_at")},
    'dueAt', ${c("due_at")}, 'notBefore', ${c("not_before")}, 'waitReason', ${c("wait_reason")}, 'wakeAt', ${c("wake_at")}, 'revision', ${c("revision")}, 'attempt', ${c("attempt")},
    'epoch', ${c("epoch")}, 'cancelRequested', ${c("cancel_requested")},
    'request', json_build_object('method', ${c("method")}, 'url', ${c("url")}, 'headers', ${c("headers")},
      'bodyBytes', ${c("body_bytes")}, 'bodySnippet', ${c("body_snippet")}),
    'timeoutMs', ${c("timeout_ms")}, 'retry', ${c("retry")}, 'tags', to_json(${c("tags")}),
    'lastStatus', ${c("last_status")}, 'failureReason', ${c("failure_reason")}, 'endedAt', ${c("ended_at")},
    'worker', ${c("worker")}, 'leaseUntil', ${c("lease_until")}, 'correlationId', ${c("correlation_id")})`
}
