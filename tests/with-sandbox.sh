#!/bin/sh
# Runs its arguments beside the provider sandbox and a TLS server that nobody vouches for, and stops
# both. Exports KAB_TEST_SANDBOX and KAB_TEST_TLS (ports on loopback).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/kab.XXXXXX")
pids=
finish() {
    status=$?
    trap - EXIT HUP INT TERM
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

free_ports() {
    python3 -c 'import socket
held = [socket.socket() for _ in range(2)]
for s in held: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))'
}
answers() {
    python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' \
        "$1" 2>/dev/null
}

ports=$(free_ports)
KAB_TEST_SANDBOX=${ports% *}
KAB_TEST_TLS=${ports#* }
export KAB_TEST_SANDBOX KAB_TEST_TLS

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$dir/key" -out "$dir/cert" \
    2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
openssl s_server -quiet -accept "127.0.0.1:$KAB_TEST_TLS" -key "$dir/key" -cert "$dir/cert" -www \
    >"$dir/tls.log" 2>&1 &
pids=$!
python3 "$here/tools/sandbox" --port "$KAB_TEST_SANDBOX" >"$dir/sandbox.log" 2>&1 &
pids="$pids $!"

tries=0
until answers "$KAB_TEST_SANDBOX" && answers "$KAB_TEST_TLS"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat "$dir"/*.log >&2
        echo "with-sandbox: a server did not start" >&2
        exit 1
    fi
    sleep 0.1
done
"$@"
