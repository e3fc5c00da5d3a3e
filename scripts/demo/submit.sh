#!/usr/bin/env bash
# Submits a call that is due in two seconds, waits for its end, and shows how it went.
source "$(dirname "$0")/ask.sh"

say "A call, due in two seconds"
ask POST /v1/service-calls "{\"delay\":\"2s\",\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"},\"tags\":[\"demo\"]}"
expect 202
id=$(field id)

say "The same, but the answer waits until the call has ended"
ask POST /v1/service-calls "{\"delay\":\"1s\",\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"},\"tags\":[\"demo\"]}" "prefer:wait=20"
expect 200

say "The first one by now"
ask GET "/v1/service-calls/$id"
expect 200

say "Its history, event by event"
ask GET "/v1/service-calls/$id/events"
expect 200
