#!/usr/bin/env bash
# A call that comes again: what a rule means in the night in which clocks are changed, and a schedule from its making to its end.
source "$(dirname "$0")/ask.sh"

say "02:30 in Prague, in the night in which clocks are set forward"
ask POST /v1/schedules/preview '{"cron":"30 2 * * *","zone":"Europe/Prague","after":"2026-03-28T00:00:00Z","count":3}'
expect 200

say "What cannot be read is refused with its place"
ask POST /v1/schedules/preview '{"cron":"0 0 L * *","zone":"Europe/Prague"}'
expect 422

say "Every minute, the call before permitting"
ask POST /v1/schedules "{\"cron\":\"* * * * *\",\"zone\":\"Europe/Prague\",\"overlap\":\"queue\",\"request\":{\"method\":\"GET\",\"url\":\"$DUELINE_SERVER/health?at={{occurrence.at}}\"}}"
expect 201
schedule=$(field id)

say "Once now, whatever its rule says"
ask POST "/v1/schedules/$schedule/run"
expect 200

say "Paused, with a reason"
ask POST "/v1/schedules/$schedule/pause" '{"reason":"the demo is nearly over"}'
expect 200

say "What would the last hour be, if it were called after all? Nothing is touched"
ask POST /v1/jobs/plan "{\"action\":\"backfill-schedule\",\"filter\":{\"schedule\":\"$schedule\",\"from\":\"$(date -u -d '-1 hour' +%FT%TZ)\",\"to\":\"$(date -u +%FT%TZ)\"}}"
expect 200

say "Its calls are calls as any others"
ask GET "/v1/service-calls?tag=schedule:$schedule"
expect 200

say "Deleted, for good"
ask DELETE "/v1/schedules/$schedule"
expect 200
