#!/bin/sh
# Runs its arguments beside a private PostgreSQL and a private Redis, in a short
# temporary folder (socket paths end at 107 bytes), and stops both. Touches no
# server of the system. Exports KAB_TEST_PG (conninfo) and KAB_TEST_REDIS (url).
set -eu

die() {
    echo "with-servers: $*" >&2
    exit 1
}

pgbin=
for candidate in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
    [ -x "$candidate/initdb" ] && pgbin=$candidate
done
[ -n "$pgbin" ] || pgbin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")
[ -x "$pgbin/initdb" ] || die "PostgreSQL's server programs are needed (Debian: postgresql)"
redis=$(command -v redis-server) || die "redis-server is needed (Debian: redis-server)"

# PostgreSQL refuses to be run by root.
user=$(id -un)
as=
if [ "$(id -u)" = 0 ]; then
    user=nobody
    id postgres >/dev/null 2>&1 && user=postgres
    as="setpriv --reuid=$user --regid=$(id -gn "$user") --clear-groups"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/kab.XXXXXX")
chmod 755 "$dir"
mkdir "$dir/pg" "$dir/redis"
[ -z "$as" ] || chown "$user" "$dir/pg"

pg_pid=
redis_pid=
finish() {
    status=$?
    trap - EXIT HUP INT TERM
    for pid in $pg_pid $redis_pid; do
        kill -INT "$pid" 2>/dev/null || true
    done
    for pid in $pg_pid $redis_pid; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$dir"
$as "$pgbin/initdb" -D "$dir/pg/data" -U kabinet --locale=C.UTF-8 -E UTF8 -A trust \
    --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
$as "$pgbin/postgres" -D "$dir/pg/data" -k "$dir/pg" -c listen_addresses= -c fsync=off \
    -c dynamic_shared_memory_type=mmap -c max_connections=200 >"$dir/pg.log" 2>&1 &
pg_pid=$!
"$redis" --unixsocket "$dir/redis/s" --port 0 --save "" --appendonly no \
    --maxmemory-policy noeviction --dir "$dir/redis" --daemonize no >"$dir/redis.log" 2>&1 &
redis_pid=$!
cd "$OLDPWD"

tries=0
until "$pgbin/pg_isready" -q -h "$dir/pg" && [ -S "$dir/redis/s" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ]; then
        cat "$dir/pg.log" "$dir/redis.log" >&2
        die "a server did not start"
    fi
    sleep 0.1
done
"$pgbin/createdb" -h "$dir/pg" -U kabinet kabinet

KAB_TEST_PG="host=$dir/pg user=kabinet dbname=kabinet"
KAB_TEST_REDIS="unix:$dir/redis/s"
export KAB_TEST_PG KAB_TEST_REDIS
"$@"
