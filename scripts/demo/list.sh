#!/usr/bin/env bash
# Lists calls: newest first, filtered, page by page.
source "$(dirname "$0")/ask.sh"

say "Three calls far in the future"
for n in 1 2 3; do
  ask POST /v1/service-calls "{\"delay\":\"2h\",\"request\":{\"method\":\"POST\",\"url\":\"https://example.com/pickup/$n\",\"body\":{\"n\":$n}},\"tags\":[\"demo:list\"]}" > /dev/null
  expect 202
done

say "Two of them, with a cursor to the rest"
ask GET '/v1/service-calls?status=Scheduled&tag=demo:list&limit=2'
expect 200
cursor=$(field nextCursor)

say "The next page"
ask GET "/v1/service-calls?status=Scheduled&tag=demo:list&limit=2&cursor=$cursor"
expect 200

say "A cursor that was changed is refused"
ask GET "/v1/service-calls?status=Scheduled&tag=demo:list&limit=2&cursor=x$cursor"
expect 400
