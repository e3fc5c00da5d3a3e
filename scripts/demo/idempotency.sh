#!/usr/bin/env bash
# Sends the same request twice, and another one under the same key.
source "$(dirname "$0")/ask.sh"
key="demo-$(date +%s)-$$"
body='{"delay":"2h","request":{"method":"POST","url":"https://example.com/hooks/42","body":{"order":42}}}'

say "Once"
ask POST /v1/service-calls "$body" "idempotency-key:$key"
expect 202
first=$(field id)

say "Twice: the same answer, and still one call"
ask POST /v1/service-calls "$body" "idempotency-key:$key"
expect 202
[ "$(field id)" = "$first" ]
[ "$(header x-idempotent-replayed)" = true ]

say "Another request under the same key is refused"
ask POST /v1/service-calls '{"delay":"3h","request":{"method":"GET","url":"https://example.com/"}}' "idempotency-key:$key"
expect 422
