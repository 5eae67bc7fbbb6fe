#!/bin/sh
# Every Argon2 there is here, in turns on one core: argon2.sh BENCH FOLDER [SECONDS]. FOLDER is what
# `make argon2` has built; which of it the processor can run is the dynamic linker's word.
set -eu
bench=$1
folder=$2
seconds=${3:-3}
linker=/lib64/ld-linux-x86-64.so.2

for turn in 1 2 3; do
    echo "turn $turn"
    taskset -c 0 "$bench" libargon2 "$seconds"
    for level in "$folder"/glibc-hwcaps/*/; do
        [ -d "$level" ] || { echo "  no fast build; make argon2"; continue; }
        if "$linker" --help | grep -q "$(basename "$level") (supported"; then
            LD_LIBRARY_PATH=$level taskset -c 0 "$bench" libargon2 "$seconds"
        else
            echo "  this processor is not of $(basename "$level")"
        fi
    done
    taskset -c 0 "$bench" openssl "$seconds"
done
