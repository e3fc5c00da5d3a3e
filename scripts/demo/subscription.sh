#!/usr/bin/env bash
# An endpoint hears of what happens, signed: subscribed, tried out, given another secret, paused, and delivered to once more.
source "$(dirname "$0")/ask.sh"

say "An endpoint asks for all that happens to bins, and for ends of calls"
ask POST /v1/subscriptions "{\"name\":\"demo\",\"url\":\"$DUELINE_SERVER/health\",\"topics\":[\"ops.bin.>\",\"ops.service-call.*\"],\"filter\":\"tag eq \\\"vip\\\" or tag missing\"}"
expect 201
subscription=$(field id)

say "A topic that there is not is refused with its place"
ask POST /v1/subscriptions "{\"url\":\"$DUELINE_SERVER/health\",\"topics\":[\"ops.nothing.>\"]}"
expect 422

say "Tried out"
ask POST "/v1/subscriptions/$subscription/test"
expect 200

say "Another secret; for an hour the one before is good too"
ask POST "/v1/subscriptions/$subscription/secrets" '{"overlap":"1h"}'
expect 200

say "A call whose end is told to whom it names"
ask POST /v1/service-calls "{\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"},\"onEnd\":{\"url\":\"$DUELINE_SERVER/health\"}}"
expect 202

say "All of it once more"
ask POST "/v1/subscriptions/$subscription/redeliver" '{"from":"2020-01-01T00:00:00Z"}'
expect 202

say "What is delivered are calls as any others"
ask GET "/v1/service-calls?tag=subscription:$subscription"
expect 200

say "Deleted, for good"
ask DELETE "/v1/subscriptions/$subscription"
expect 200
