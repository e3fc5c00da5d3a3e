#!/usr/bin/env bash
# Cancels many calls at once: a plan that touches nothing, then a job that is followed to its end; and looks at dead letters, replaying one
# when there is one.
source "$(dirname "$0")/ask.sh"

tag="demo-$$-$(date +%s)"
say "Three calls with a tag, in two hours"
for n in 1 2 3; do
  ask POST /v1/service-calls "{\"delay\":\"2h\",\"tags\":[\"$tag\"],\"request\":{\"method\":\"GET\",\"url\":\"https://example.com/$n\"}}"
  expect 202
done

say "What would be cancelled? Nothing is touched"
ask POST /v1/jobs/plan "{\"action\":\"cancel-calls\",\"filter\":{\"tags\":[\"$tag\"]}}"
expect 200
token=$(field token)

say "A filter that chooses everything is refused"
ask POST /v1/jobs/plan '{"action":"cancel-calls","filter":{}}'
expect 422

say "The token starts the job; the same token again is the same job"
ask POST /v1/jobs "{\"token\":\"$token\",\"rate\":20}"
expect 201
job=$(field id)
ask POST /v1/jobs "{\"token\":\"$token\"}"
expect 201
[ "$(field id)" = "$job" ]

# Asks for up to half a minute until the job is over, and shows it.
follow() {
  for _ in $(seq 30); do
    ask GET "/v1/jobs/$1" > /dev/null
    if grep -qE '"status":"(Completed|Aborted)"' "$answer"; then break; fi
    sleep 1
  done
  cat "$answer"
  grep -q '"status":"Completed"' "$answer"
}

say "Followed to its end, and what became of each call"
follow "$job"
ask GET "/v1/jobs/$job/items?outcome=done"
expect 200

say "Messages that could not be delivered"
ask GET "/v1/dead-letters?state=Waiting&limit=1"
expect 200
letter=$(field id || true)
if [ -n "$letter" ]; then
  say "One of them once more, to the group that gave it up"
  ask POST "/v1/dead-letters/$letter/replay"
  expect 202
  follow "$(field id)"
fi
