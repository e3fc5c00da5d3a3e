#!/usr/bin/env bash
# A courier's signed event: it updates a shipment, which completes a pickup, and the pickup's call is never made.
source "$(dirname "$0")/ask.sh"
run="$(date +%s)-$$"

say "A courier source; its secret is shown once"
ask POST /ops/courier-sources "{\"name\":\"north-$run\",\"scheme\":\"standard-webhooks\"}"
expect 201
courier=$(field id)
secret=$(field secret)

say "A pickup with a call an hour before"
ask POST /ops/customers '{"profile":{"name":"Jo Doe"}}' "idempotency-key:shipper-$run"
expect 201
customer=$(field id)
ask POST /ops/bins "{\"serialNumber\":\"SHIP-$run\",\"category\":\"skip\",\"sizeLitres\":7000}"
expect 201
bin=$(field id)
ask POST /ops/orders "{\"customerId\":\"$customer\",\"binId\":\"$bin\",\"kind\":\"pickup\",\"window\":{\"from\":\"2031-06-05T08:00:00Z\",\"to\":\"2031-06-05T10:00:00Z\"},\"notifications\":[{\"url\":\"https://example.com/hooks/pickups\",\"lead\":\"1h\"}],\"schedule\":true}"
expect 201
order=$(field id)
call=$(field callId)

say "The courier says that it was picked up, and signs what it says"
event="{\"id\":\"evt-$run\",\"type\":\"pickup.completed\",\"trackingReference\":\"NX-$run\",\"occurredAt\":\"2026-01-31T09:35:00Z\",\"orderId\":\"$order\",\"details\":{}}"
headers=()
while IFS= read -r line; do headers+=("${line/: /:}"); done < <(
  "$here/scripts/dueline" event sign --scheme standard-webhooks --secret "$secret" --body "$event"
)
ask POST "/v1/events/courier/$courier" "$event" "${headers[@]}"
expect 202
state=$(header location)

say "One byte changed, under the same signature: refused"
ask POST "/v1/events/courier/$courier" "${event/pickup/Pickup}" "${headers[@]}"
expect 401

say "The event is carried out: the shipment, the order, and no call"
for _ in $(seq 1 50); do
  ask GET "$state" > /dev/null
  [ "$(field status)" = Received ] || [ "$(field status)" = Processing ] || break
  sleep 0.2
done
ask GET "$state"
[ "$(field status)" = Completed ]
ask GET "/ops/shipments?trackingReference=NX-$run"
expect 200
[ "$(field status)" = PickedUp ]
ask GET "/ops/orders/$order"
[ "$(field status)" = Completed ]
for _ in $(seq 1 50); do
  ask GET "/v1/service-calls/$call" > /dev/null
  [ "$(field status)" != Cancelled ] || break
  sleep 0.2
done
ask GET "/v1/service-calls/$call"
[ "$(field status)" = Cancelled ]
