#!/bin/sh
# Debian's own libargon2, built again for newer processors: argon2-native.sh FOLDER [SOURCE]
# leaves FOLDER/glibc-hwcaps/LEVEL/libargon2.so.1, where the dynamic linker looks for the best that the
# processor can run (docs/argon2.md). SOURCE is the unpacked source package, where there is no network.
# The system's apt is asked for keys, mirrors and proxies; its sources and lists are not touched.
set -eu

[ $# = 1 ] || [ $# = 2 ] || { echo "usage: argon2-native.sh FOLDER [SOURCE]" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
rm -rf "$out/glibc-hwcaps"
source=${2:-}
keys=/usr/share/keyrings/debian-archive-keyring.gpg

work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

refuse() {
    [ ! -s "$work/log" ] || tail -n 5 "$work/log" >&2
    echo "argon2: $*; Debian's build of libargon2 stays in use" >&2
    exit 1
}

# The version that is installed, from where it came from, with apt's own check of signatures.
fetch() {
    version=$(dpkg-query -W -f '${Version}' libargon2-1) || refuse "libargon2-1 is not installed"
    package=$(dpkg-query -W -f '${source:Package}=${source:Version}' libargon2-1)
    [ ! -e "$keys" ] || signed=" [signed-by=$keys]"
    apt-cache madison libargon2-1 | awk -v version="$version" -v signed="${signed:-}" \
        '$3 == version {split($6, suite, "/"); print "deb-src" signed, $5, suite[1], suite[2]; exit}' \
        >"$work/sources.list"
    [ -s "$work/sources.list" ] || refuse "apt does not know $version; try apt-get update"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    cat >"$work/apt.conf" <<CONF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "$(id -un)";
CONF
    export APT_CONFIG="$work/apt.conf"
    cd "$work"
    apt-get update >"$work/log" 2>&1 || refuse "the list of sources cannot be had"
    apt-get source "$package" >"$work/log" 2>&1 || refuse "the source of $package cannot be had"
    source=$(dirname "$(dirname "$(find "$work" -path '*/src/opt.c')")")
}

# Upstream's Makefile with Debian's flags. It falls back to plain code in silence, and says which.
build() {
    rm -f libargon2.so.1
    CFLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)" \
        LDFLAGS=$(dpkg-buildflags --get LDFLAGS) make OPTTARGET="$1" libargon2.so.1 >"$work/log" 2>&1 ||
        refuse "it cannot be built for $1"
    grep -q "^Building with optimizations for $1" "$work/log" ||
        refuse "this compiler cannot build for $1"
    install -D -m 644 -s libargon2.so.1 "$out/glibc-hwcaps/$1/libargon2.so.1"
    echo "  ARGON2  $out/glibc-hwcaps/$1/libargon2.so.1"
}

[ "$(dpkg --print-architecture)" = amd64 ] || refuse "this is not x86-64"
if [ -n "$source" ]; then cp -r "$source" "$work/source"; source=$work/source; else fetch; fi
cd "$source"
build x86-64-v3
build x86-64-v4
