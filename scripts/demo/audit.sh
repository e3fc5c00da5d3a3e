#!/usr/bin/env bash
# Somebody tries what they may not, and it is in the audit log; then the history is signed, exported and verified with the public key alone, and
# one letter that is changed in the export is found.
source "$(dirname "$0")/ask.sh"

say "Somebody who may only read bins tries to erase a customer"
reader=$("$here/scripts/dueline" token --scope ops:bins.read --subject curious)
TOKEN=$reader ask DELETE /ops/customers/5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c
expect 403
cause=$(header x-correlation-id)

say "It is in the audit log a moment later, with who it was"
for _ in $(seq 50); do
  ask GET "/v1/audit?correlation=$cause" > /dev/null
  grep -q curious "$answer" && break
  sleep 0.2
done
cat "$answer"
expect 200
[ "$(field outcome)" = refused ]

say "Sign the history, export it, and verify the export with the public key alone"
folder=$(mktemp -d)
trap 'rm -rf "$answer" "$folder"' EXIT
"$here/scripts/dueline" audit key > "$folder/audit.key"
"$here/scripts/dueline" audit export "$folder/export"
"$here/scripts/dueline" audit verify "$folder/export" --key "$folder/audit.key"

say "Change one letter"
sed -i.before '2s/e/E/' "$folder/export/leaves.ndjson"
if "$here/scripts/dueline" audit verify "$folder/export" --key "$folder/audit.key"; then
  echo "the change was not found" >&2
  exit 1
fi
