# Asks the running program something, with HTTPie when it is there and with curl when not; sourced by the demos. DEMO_CLIENT=httpie or
# DEMO_CLIENT=curl decides it, and then a client that is not there is an error.
#
#   ask METHOD PATH [BODY] [HEADER:VALUE ...]     prints the status line, the headers and the body
#   field NAME                                    prints one string field of the last body
#   header NAME                                   prints one header of the last answer
#   expect STATUS                                 ends the demo when the last answer had another status
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DUELINE_SERVER=${DUELINE_SERVER:-http://127.0.0.1:${PORT:-8080}}
export DUELINE_SERVER
TOKEN=${TOKEN:-$("$here/scripts/dueline" token)}
if command -v http > /dev/null; then client=${DEMO_CLIENT:-httpie}; else client=${DEMO_CLIENT:-curl}; fi
case $client in
  httpie | curl) ;;
  *)
    echo "DEMO_CLIENT is $client: it can be httpie or curl" >&2
    exit 2
    ;;
esac
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }

ask() {
  local method=$1 path=$2 body=${3:-}
  shift $(($# < 3 ? $# : 3))
  if [ -n "${body}" ]; then printf '$ %s %s\n  %s\n' "$method" "$path" "$body"; else printf '$ %s %s\n' "$method" "$path"; fi
  "with_$client" "$method" "$path" "$body" "$@"
  tr -d '\r' < "$answer" > "$answer.clean" && mv "$answer.clean" "$answer"
  cat "$answer"
  echo
}

with_httpie() {
  local method=$1 path=$2 body=$3
  shift 3
  # HTTPie wants its options before the address, and what is sent with the request after it.
  local options=(--print=hb --pretty=none --ignore-stdin) items=("authorization:Bearer $TOKEN" "$@")
  if [ -n "$body" ]; then
    options+=(--raw "$body")
    items+=(content-type:application/json)
  fi
  http "${options[@]}" "$method" "$DUELINE_SERVER$path" "${items[@]}" > "$answer"
}

with_curl() {
  local method=$1 path=$2 body=$3
  shift 3
  local options=(--silent --show-error --include --request "$method" --header "authorization: Bearer $TOKEN")
  local given
  for given in "$@"; do options+=(--header "${given%%:*}: ${given#*:}"); done
  if [ -n "$body" ]; then options+=(--header 'content-type: application/json' --data "$body"); fi
  curl "${options[@]}" "$DUELINE_SERVER$path" > "$answer"
}

status() { awk 'NR == 1 { print $2 }' "$answer"; }
header() { awk -v name="$1" 'BEGIN { IGNORECASE = 1 } /^$/ { exit } tolower($1) == tolower(name) ":" { print $2 }' "$answer"; }
field() { sed '1,/^$/d' "$answer" | grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

expect() {
  if [ "$(status)" != "$1" ]; then
    echo "expected $1 and got $(status)" >&2
    exit 1
  fi
}
