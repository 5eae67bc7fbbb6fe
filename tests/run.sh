#!/bin/sh
# Runs every part of the suite and closes with one line: N passed, N failed.
set -u
cd "$(dirname "$0")/.."
make=${MAKE:-make}
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A part: its name, the command, how to count what it printed.
part() {
    name=$1
    shift
    echo "== $name"
    if "$@" >"$log" 2>&1; then status=0; else status=$?; fi
    ok=$(awk '/^\[  PASSED  \]/ {n += $4} / passed.* in [0-9.]+s/ {for (i = 2; i <= NF; i++) if ($i ~ /^passed/) n += $(i-1)} END {print n + 0}' "$log")
    bad=$(awk '/^\[  FAILED  \] [0-9]+ test/ {n += $4} / (failed|error)s?.* in [0-9.]+s/ {for (i = 2; i <= NF; i++) if ($i ~ /^(failed|errors?)/) n += $(i-1)} END {print n + 0}' "$log")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$ok" = 0 ] && [ "$bad" = 0 ]; then bad=1; echo "$name ran no test"; fi
    if [ "$bad" != 0 ]; then tail -n 200 "$log"; fi
    echo "$name: $ok passed, $bad failed"
    passed=$((passed + ok))
    failed=$((failed + bad))
}

part unit "$make" --no-print-directory unit
[ -n "$(ls tests/store/test_*.c 2>/dev/null)" ] && part store "$make" --no-print-directory store-test
[ -n "$(ls tests/flow/test_*.c 2>/dev/null)" ] && part flow "$make" --no-print-directory flow-test
part provider "$make" --no-print-directory provider-test
part python /usr/bin/python3 -m pytest -q -n 2 -p no:cacheprovider tests

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
