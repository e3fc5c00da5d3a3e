#!/usr/bin/env bash
# Runs every demo against the running program, one after the other, or those that are named.
set -euo pipefail
cd "$(dirname "$0")"
all=(submit list cancel idempotency mistakes pickup courier dropbin schedule subscription pause flow jobs audit)
for demo in "${@:-${all[@]}}"; do
  printf '\n\033[1m== %s ==\033[0m\n' "$demo"
  bash "./$demo.sh"
done
printf '\nall demos did what they say\n'
