# Shared by the scripts of this folder: steps with times, and the packages that building needs. Sourced, not run.
set -euo pipefail
caller=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mkdir -p build
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
jobs=$(nproc 2>/dev/null || echo 2)
step_times=$(mktemp)
trap 'rm -f "$step_times"' EXIT

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need_space MB NAME…: says how much build/NAME… of that size together still need and how much is free; stops if that is
# less. A fifth is added for a compiler that makes more of it, and 2 GB for what tests keep in the temporary folder.
need_space() {
  local temporary=2000 needed free there
  there=$(cd build && shift && { du -scm "$@" 2>/dev/null || true; } | tail -1 | cut -f1) # without those that are not there yet
  needed=$(($1 > there ? ($1 - there) * 6 / 5 : 0)) free=$(free_space build)
  if [ "$(file_system build)" = "$(file_system "${TMPDIR:-/tmp}")" ]; then
    needed=$((needed + temporary))
  elif [ "$(free_space "${TMPDIR:-/tmp}")" -lt $temporary ]; then
    fail "${TMPDIR:-/tmp} has $(free_space "${TMPDIR:-/tmp}") MB free; the tests need $temporary MB there. Set TMPDIR to a folder on a larger disk."
  fi
  say "Disk: $needed MB needed, $free MB free for $root/build and the tests' stores"
  [ "$free" -ge "$needed" ] || fail "not enough disk space: $((needed - free)) MB more are needed."
}
free_space() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }
file_system() { df -P "$1" | awk 'NR == 2 { print $1 }'; }

# step "NAME" "EXPECTED TIME" COMMAND…: says what runs and how long it takes; its status is the command's.
step() {
  local name=$1 expected=$2 begin=$SECONDS status=0
  shift 2
  printf '\n== %s (%s)\n' "$name" "$expected"
  "$@" || status=$?
  printf '%d %s\n' $((SECONDS - begin)) "$name" >>"$step_times"
  if [ $status -ne 0 ]; then
    printf '== %s: FAILED after %d s\n' "$name" $((SECONDS - begin)) >&2
    return $status
  fi
  printf '== %s: done in %d s\n' "$name" $((SECONDS - begin))
}

slowest_steps() {
  printf '\nSlowest steps (seconds):\n'
  sort -rn "$step_times" | head -10 | awk '{ seconds = $1; $1 = ""; printf "%6d %s\n", seconds, $0 }'
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The Boost of this system: an installed one, else the oldest packaged one, of at least 1.81.
boost_version() {
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2>/dev/null | sed -n 's/^installed //p'
    apt-cache search --names-only '^libboost1\.[0-9]+-dev$' | cut -d' ' -f1 | sort -V
  } | sed -n 's/^libboost\(1\.[0-9]*\)-dev$/\1/p' | awk -F. '$2 >= 81' | head -1
}

packages() { # server | serverpostgres | serverredis | test | bench | fuzz
  echo g++ cmake ninja-build ccache pkg-config python3 libsqlite3-dev libexpat1-dev zlib1g-dev libzstd-dev libpqxx-dev libhiredis-dev
  case $1 in
    test) echo libgtest-dev libgmock-dev curl git sqlite3 postgresql redis-server ;;
    serverpostgres) echo postgresql ;;
    serverredis) echo redis-server ;;
    bench) echo postgresql redis-server ;;
    fuzz) echo clang-19 libclang-rt-19-dev libgtest-dev libgmock-dev ;;
  esac
  for library in '' -json -url -program-options; do echo "libboost$library$2-dev"; done
}

# install_packages server|test|bench: installs what is missing, or prints the one line that does and stops.
install_packages() {
  local boost package missing=()
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "This system has no apt. Install these yourself, then run"
    say "  cmake --preset release && cmake --build --preset release"
    say "A C++20 compiler (g++ 12, clang 16), CMake 3.25, Ninja, Python 3, GoogleTest, Boost 1.81 (JSON, URL,"
    say "Program_options, Asio, Beast), SQLite 3.37, libpqxx 6.4, expat 2.4, zlib, zstd; ccache helps. The tests also need the
programs of PostgreSQL 13 and Redis 7 (no running server), git and curl."
    exit 2
  fi
  boost=$(boost_version)
  if [ -z "$boost" ] && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    boost=$(boost_version)
  fi
  [ -n "$boost" ] || fail "no Boost of at least 1.81 is packaged here. Run 'apt-get update' as root, or install Boost 1.81."
  for package in $(packages "$1" "$boost"); do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "all packages are there"
  elif [ "$(id -u)" != 0 ]; then
    say "These packages are missing. Run this line, then repeat the command:"
    say "  sudo apt-get install --no-install-recommends -y ${missing[*]}"
    exit 2
  else
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" || { apt-get update -qq && apt_install "${missing[@]}"; } || { tail -20 build/apt.log >&2; return 1; }
  fi
}

# The tests start servers of their own: what a package would start as a service stays off.
apt_install() {
  local policy=/usr/sbin/policy-rc.d status=0 ours=no
  if [ ! -e $policy ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
  fi
  run_apt_install "$@" || status=$?
  if [ $ours = yes ]; then rm -f $policy; fi
  return $status
}
run_apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y "$@" >build/apt.log 2>&1; }

configure() { # PRESET OPTIONS…
  local preset=$1 python=/usr/bin/python3
  shift
  [ -x $python ] || python=$(command -v python3)
  if [ ! -f "build/$preset/build.ninja" ] || [ $# -gt 0 ]; then
    cmake --preset "$preset" -DPython3_EXECUTABLE="$python" "$@" >"build/$preset.configure.log" 2>&1 ||
      { tail -30 "build/$preset.configure.log"; return 1; }
  fi
}

build() { # PRESET TARGET…
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  if [ -t 1 ]; then
    cmake --build "build/$preset" "${targets[@]}"
  else
    cmake --build "build/$preset" "${targets[@]}" >"build/$preset.build.log" 2>&1 || { tail -60 "build/$preset.build.log"; return 1; }
  fi
}
