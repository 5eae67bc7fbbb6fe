#!/bin/sh
# Times the import of 100,000 accounts, twice: new ones, then the same file again.
# import.sh KABINETCTL, with KAB_TEST_PG and KAB_TEST_REDIS as tests/with-servers.sh sets them.
set -eu
ctl=$1
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/kabinet.conf" <<CONF
kabinet_unsafe on;
kabinet_database "$KAB_TEST_PG";
kabinet_redis $KAB_TEST_REDIS;
kabinet_keyring keyring;
CONF
"$ctl" keys create "$dir/keyring" >/dev/null
"$ctl" -c "$dir/kabinet.conf" migrate
python3 "$here/../people.py" "${COUNT:-100000}" >"$dir/people.csv"
"$ctl" -c "$dir/kabinet.conf" import accounts "$dir/people.csv" 2>/dev/null
"$ctl" -c "$dir/kabinet.conf" import accounts "$dir/people.csv" 2>/dev/null
