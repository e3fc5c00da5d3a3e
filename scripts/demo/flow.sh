#!/usr/bin/env bash
# Calls that are made so many at once: a flow, and what it says of itself.
source "$(dirname "$0")/ask.sh"

say "At most two at once, three a second, of all calls with this key"
ask POST /v1/flows '{"key":"partner","concurrency":2,"ratePerSecond":3}'
expect 201
flow=$(field id)

say "A call that belongs to it"
ask POST /v1/service-calls "{\"delay\":0,\"flow\":{\"key\":\"partner\"},\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"}}"
expect 202

say "What is under way, and what waits"
ask GET "/v1/flows/$flow"
expect 200

say "Without bounds again"
ask DELETE "/v1/flows/$flow"
expect 200
