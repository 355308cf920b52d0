#!/usr/bin/env bash
# script/test says how much space it needs and refuses a disk that has less. Usage: check_script_space.sh SOURCE_FOLDER
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/script" "$scratch/build/dev" "$scratch/other"
cp "$1/script/lib.sh" "$scratch/script/"
head -c 20000000 /dev/zero >"$scratch/build/dev/object"

asked() { # FREE_MB FREE_MB_OF_TMPDIR|same SIZE: what need_space says, on one file system or two
  FREE=$1 ELSEWHERE=$2 TMPDIR=$scratch/other bash -c '
    source "$1/script/lib.sh"
    df() {
      printf "file system\n"
      if [ "${!#}" = build ] || [ "$ELSEWHERE" = same ]; then printf "one 0 0 %s\n" "$FREE"; else printf "two 0 0 %s\n" "$ELSEWHERE"; fi
    }
    need_space "$2" dev asan' asked "$scratch" "$3" 2>&1
}
expect() { # WANTED GOT
  [[ $2 == *"$1"* ]] || { printf 'expected: %s\ngot: %s\n' "$1" "$2"; exit 1; }
}
expect 'Disk: 1200 MB needed, 1200 MB free' "$(asked 1200 2000 1020)" # 20 of 1020 MB are there, a fifth more
expect 'Disk: 3200 MB needed, 3300 MB free' "$(asked 3300 same 1020)" # and the tests' stores
expect 'Disk: 0 MB needed, 0 MB free' "$(asked 0 2000 10)"
if answer=$(asked 1199 2000 1020); then echo 'a full disk was accepted'; exit 1; fi
expect 'not enough disk space: 1 MB more are needed' "$answer"
if answer=$(asked 9999 1999 1020); then echo 'a full temporary folder was accepted'; exit 1; fi
expect "$scratch/other has 1999 MB free; the tests need 2000 MB" "$answer"
