#!/usr/bin/env bash
# The drop-bin: a payload becomes an order in the background, once under its key; one that cannot, says what to do.
source "$(dirname "$0")/ask.sh"
run="$(date +%s)-$$"

ended() {
  for _ in $(seq 1 50); do
    ask GET "$1" > /dev/null
    [ "$(field status)" = Received ] || [ "$(field status)" = Processing ] || break
    sleep 0.2
  done
  ask GET "$1"
}

say "A customer and a bin"
ask POST /ops/customers '{"profile":{"name":"Jo Doe"}}' "idempotency-key:dropper-$run"
expect 201
customer=$(field id)
ask POST /ops/bins "{\"serialNumber\":\"DROP-$run\",\"category\":\"skip\",\"sizeLitres\":7000}"
expect 201
bin=$(field id)

say "A payload: 202, and where its state is"
payload="{\"payload\":{\"customerId\":\"$customer\",\"binId\":\"$bin\",\"kind\":\"pickup\",\"window\":{\"from\":\"2031-05-05T08:00:00Z\",\"to\":\"2031-05-05T10:00:00Z\"}}}"
ask POST /ops/ingest/dropbin "$payload" "idempotency-key:drop-$run"
expect 202
state=$(header location)

say "The same under the same key is the same"
ask POST /ops/ingest/dropbin "$payload" "idempotency-key:drop-$run"
expect 202
[ "$(header location)" = "$state" ]

say "It has become an order"
ended "$state"
[ "$(field status)" = Completed ]
order=$(field orderId)
ask GET "/ops/orders/$order"
expect 200
[ "$(field status)" = Scheduled ]

say "Another for the same bin and time: it fails, with what is in the way and when the bin is free"
ask POST /ops/ingest/dropbin "$payload" "idempotency-key:drop-again-$run"
expect 202
ended "$(header location)"
[ "$(field status)" = Failed ]
[ "$(field code)" = schedule_conflict ]
grep -q "$order" "$answer"

say "A payload that lies inside is never fetched"
ask POST /ops/ingest/dropbin '{"payloadRef":{"uri":"http://169.254.169.254/latest","digest":"sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}}'
expect 422
[ "$(field code)" = payload_ref_refused ]
