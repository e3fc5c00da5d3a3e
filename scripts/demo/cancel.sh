#!/usr/bin/env bash
# Moves a call, loses a race against a stale ETag, cancels it, and is told that nothing will be sent.
source "$(dirname "$0")/ask.sh"

say "A call in two hours"
ask POST /v1/service-calls '{"delay":"2h","request":{"method":"POST","url":"https://example.com/hooks/42","body":{"hello":"world"}}}'
expect 202
id=$(field id)
etag=$(header etag)

say "Moving it needs the version one has seen"
ask PATCH "/v1/service-calls/$id" '{"delay":"1h"}'
expect 428
ask PATCH "/v1/service-calls/$id" '{"delay":"1h"}' "if-match:$etag"
expect 200

say "Somebody else still has the old version"
ask PATCH "/v1/service-calls/$id" '{"delay":"3h"}' "if-match:$etag"
expect 412

say "Cancelled: 200 means that no request will ever leave"
ask POST "/v1/service-calls/$id/cancel"
expect 200

say "A call that has ended cannot be cancelled"
ask POST /v1/service-calls "{\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"}}" prefer:wait=20
expect 200
ask POST "/v1/service-calls/$(field id)/cancel"
expect 409
