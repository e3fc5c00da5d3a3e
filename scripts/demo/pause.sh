#!/usr/bin/env bash
# Calls that wait: a pause of a tag, what a call says that it holds, and a release at a rate.
source "$(dirname "$0")/ask.sh"

say "Everything with this tag waits"
ask POST /v1/pauses '{"of":"tag","key":"prices","reason":"prices are wrong"}'
expect 201
pause=$(field id)

say "A call is accepted as before"
ask POST /v1/service-calls "{\"delay\":0,\"tags\":[\"prices\"],\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health\"}}"
expect 202
call=$(field id)

say "It says what it waits for"
ask GET "/v1/service-calls/$call"
expect 200

say "Resumed: what waited goes out, two a second"
ask POST "/v1/pauses/$pause/resume" '{"releasePerSecond":2}'
expect 200

say "The pauses, newest first"
ask GET "/v1/pauses?of=tag"
expect 200
