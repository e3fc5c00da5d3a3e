#!/usr/bin/env bash
# What comes back when a request is wrong: a status, a stable code, and words that say what to do.
source "$(dirname "$0")/ask.sh"

say "An unknown field and a wrong type"
ask POST /v1/service-calls '{"when":"tomorrow","request":{"method":"FETCH","url":"https://example.com/"}}'
expect 422

say "An address inside"
ask POST /v1/service-calls '{"request":{"method":"GET","url":"http://169.254.169.254/latest/meta-data"}}'
expect 422

say "Three hundred years from now"
ask POST /v1/service-calls '{"dueAt":"2326-01-01T00:00:00Z","request":{"method":"GET","url":"https://example.com/"}}'
expect 422

say "No such call"
ask GET /v1/service-calls/00000000-0000-4000-8000-000000000000
expect 404

say "No token"
TOKEN=nonsense ask GET /v1/service-calls
expect 401
