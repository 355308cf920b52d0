#!/usr/bin/env bash
# Installs resultsdb (static and shared) and builds programs against it: by find_package and by add_subdirectory, and
# every example alone. Usage: run.sh WORK_FOLDER
set -euo pipefail
source_directory=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:?usage: run.sh WORK_FOLDER}
mkdir -p "$work"
work=$(cd "$work" && pwd)
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
export CCACHE_BASEDIR=$source_directory CCACHE_NOHASHDIR=1

build() { # NAME SOURCE OPTIONS…
  local name=$1 source=$2
  shift 2
  cmake -S "$source" -B "$work/$name" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" "${launcher[@]}" "$@" >"$work/$name.log" 2>&1 &&
    cmake --build "$work/$name" >>"$work/$name.log" 2>&1 || { tail -40 "$work/$name.log"; echo "$name: failed"; exit 1; }
}

for kind in static shared; do
  shared=OFF
  [ $kind = shared ] && shared=ON
  rm -rf "$work/prefix-$kind"
  build "library-$kind" "$source_directory" -DBUILD_SHARED_LIBS=$shared -DRESULTSDB_BUILD_TESTS=OFF -DRESULTSDB_BUILD_EXAMPLES=OFF \
    -DRESULTSDB_BUILD_TESTING_KIT=$([ $kind = static ] && echo ON || echo OFF)
  cmake --install "$work/library-$kind" --prefix "$work/prefix-$kind" >>"$work/library-$kind.log"
  build "find_package-$kind" "$source_directory/tests/package/find_package" -DCMAKE_PREFIX_PATH="$work/prefix-$kind"
  "$work/find_package-$kind/consumer"
  for backend in postgres redis; do
    [ ! -x "$work/find_package-$kind/consumer_$backend" ] || "$work/find_package-$kind/consumer_$backend"
  done
  echo "find_package, $kind: ok"
done

build add_subdirectory "$source_directory/tests/package/add_subdirectory" -DRESULTSDB_DIRECTORY="$source_directory"
"$work/add_subdirectory/consumer"
echo "add_subdirectory: ok"

for example in "$source_directory"/examples/*/CMakeLists.txt; do
  name=$(basename "$(dirname "$example")")
  build "example-$name" "$(dirname "$example")" -DCMAKE_PREFIX_PATH="$work/prefix-static"
  echo "examples/$name alone against the installed package: ok"
done
