#!/usr/bin/env bash
# A pickup from beginning to end: a customer, a bin, an order that holds it, another that cannot have it, and a customer who is forgotten.
source "$(dirname "$0")/ask.sh"
run="$(date +%s)-$$"

say "A customer; the profile is kept under a key of its own"
ask POST /ops/customers '{"profile":{"name":"Jo Doe","email":"jo@example.com","phone":"+420 601 123 456"}}' "idempotency-key:customer-$run"
expect 201
customer=$(field id)

say "A bin of seven cubic metres"
ask POST /ops/bins "{\"serialNumber\":\"DEMO-$run\",\"category\":\"skip\",\"sizeLitres\":7000,\"customerId\":\"$customer\",\"location\":{\"lat\":50.0755,\"lon\":14.4378}}"
expect 201
bin=$(field id)
etag=$(header etag)

say "How much may be put into it: needs the version one has seen"
ask POST "/ops/bins/$bin/capacity" '{"capacityLitres":5500}'
expect 428
ask POST "/ops/bins/$bin/capacity" '{"capacityLitres":5500}' "if-match:$etag"
expect 200

say "Somebody else still has the old version; and nothing holds more than its size"
ask POST "/ops/bins/$bin/capacity" '{"capacityLitres":6000}' "if-match:$etag"
expect 412
ask POST "/ops/bins/$bin/capacity" '{"capacityLitres":70000}' 'if-match:*'
expect 422

say "A pickup, scheduled at once, with a call an hour before"
ask POST /ops/orders "{\"customerId\":\"$customer\",\"binId\":\"$bin\",\"kind\":\"pickup\",\"window\":{\"from\":\"2031-05-05T08:00:00Z\",\"to\":\"2031-05-05T10:00:00Z\"},\"items\":[{\"material\":\"mixed-rubble\",\"quantity\":2500,\"unit\":\"kilogram\"}],\"notifications\":[{\"url\":\"https://example.com/hooks/pickups\",\"lead\":\"1h\"}],\"schedule\":true}"
expect 201
order=$(field id)
call=$(field callId)

say "The call of that notification: due at seven"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  ask GET "/v1/service-calls/$call" > /dev/null
  [ "$(status)" = 404 ] || break
  sleep 0.2
done
ask GET "/v1/service-calls/$call"
expect 200
[ "$(field dueAt)" = 2031-05-05T07:00:00.000Z ]

say "Another order for the same bin and time: 409, with what is in the way and when it is free"
ask POST /ops/orders "{\"customerId\":\"$customer\",\"binId\":\"$bin\",\"kind\":\"swap\",\"window\":{\"from\":\"2031-05-05T09:00:00Z\",\"to\":\"2031-05-05T11:00:00Z\"},\"schedule\":true}"
expect 409
[ "$(field code)" = schedule_conflict ]
grep -q "$order" "$answer"

say "Nobody is forgotten while something is scheduled"
ask DELETE "/ops/customers/$customer"
expect 409

say "The pickup was carried out"
ask POST "/ops/orders/$order/complete"
expect 200
[ "$(field status)" = Completed ]

say "Had the call not been made by then, it never will be"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  ask GET "/v1/service-calls/$call" > /dev/null
  [ "$(field status)" != Cancelled ] || break
  sleep 0.2
done
ask GET "/v1/service-calls/$call"
[ "$(field status)" = Cancelled ]

say "Erased: the key is gone, and with it every copy of the profile"
ask DELETE "/ops/customers/$customer"
expect 200
ask GET "/ops/customers/$customer"
expect 410
