#!/bin/sh
# Installs what is missing: packages.sh run | test | lint | bench | argon2. Nothing is started or touched
# of the system's own PostgreSQL, Redis or nginx; whatever is changed for that is put back.
set -eu

RUN='gcc make pkg-config libc6-dev nginx nginx-dev postgresql redis-server libjansson-dev libpq-dev
     libhiredis-dev libargon2-dev libutf8proc-dev libqrencode-dev libssl-dev libcurl4-openssl-dev
     ca-certificates openssl python3 python3-cryptography util-linux'
TEST='libcmocka-dev argon2 python3-psycopg2 python3-redis python3-pytest python3-pytest-xdist
      python3-yaml python3-jsonschema python3-h2 python3-selenium chromium chromium-driver
      fonts-dejavu-core npm zbar-tools'
LINT='clang-format clang-tidy cppcheck'
BENCH='wrk nghttp2-client valgrind libnginx-mod-http-lua lua-nginx-redis redis-tools'

case "${1:-}" in
run) wanted=$RUN ;;
test) wanted="$RUN $TEST" ;;
lint) wanted="$RUN $TEST $LINT" ;;
bench) wanted="$RUN $BENCH" ;;
argon2) wanted="gcc make libc6-dev libargon2-dev dpkg-dev" ;;
*) echo "usage: packages.sh run|test|lint|bench|argon2" >&2; exit 2 ;;
esac

missing=''
for p in $wanted; do
    case "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)" in
    *' installed') ;;
    *)
        # A newer npm or node may stand outside the package manager.
        if [ "$p" = npm ] && command -v npm >/dev/null 2>&1; then continue; fi
        missing="$missing $p" ;;
    esac
done
[ -n "$missing" ] || exit 0

sudo=''
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "These packages are missing:$missing" >&2
        echo "Run this as root, or install sudo, or install them yourself." >&2
        exit 1
    }
    sudo=sudo
fi

policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.conf
kept=$(mktemp -d)
restore() {
    if [ -e "$kept/policy" ]; then $sudo cp -p "$kept/policy" "$policy"; else $sudo rm -f "$policy"; fi
    if [ -e "$kept/cluster" ]; then
        $sudo cp -p "$kept/cluster" "$cluster"
    elif [ -e "$kept/ours" ]; then
        # The package keeps a file that was there before it: leave its own default instead.
        $sudo sed -i '/^create_main_cluster = false$/d' "$cluster" 2>/dev/null || true
    fi
    rm -rf "$kept"
}
trap restore EXIT
trap 'exit 130' INT TERM HUP
[ -e "$policy" ] && $sudo cp -p "$policy" "$kept/policy"
[ -e "$cluster" ] && $sudo cp -p "$cluster" "$kept/cluster"
printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
$sudo chmod 755 "$policy"
$sudo mkdir -p "$(dirname "$cluster")"
touch "$kept/ours"
echo 'create_main_cluster = false' | $sudo tee -a "$cluster" >/dev/null

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef $missing >"$log" 2>&1
}
if ! { $sudo apt-get update >"$log" 2>&1 && install; }; then
    tail -n 20 "$log" >&2
    echo "the packages could not be installed" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
