#!/usr/bin/env bash
# Runs a command beside throwaway servers on loopback, in a temporary folder, and passes on its exit code.
# Usage: servers.sh [--only postgres|redis|redis-cluster]… COMMAND…
#   Exports   RESULTSDB_TEST_POSTGRES         postgresql://… over TCP; a plain role that may create schemas
#             RESULTSDB_TEST_POSTGRES_SOCKET  the same over the socket
#             RESULTSDB_TEST_POSTGRES_ADMIN   the superuser, over the socket
#             RESULTSDB_TEST_REDIS            redis://127.0.0.1:PORT
#             RESULTSDB_TEST_REDIS_SOCKET     the same over the socket
#             RESULTSDB_TEST_REDIS_CLUSTER    redis://127.0.0.1:PORT,… : three masters with one replica each
#             RESULTSDB_TEST_SERVERS          the folder: NAME/pid, NAME/log of every server (postgres, redis,
#                                             cluster-1 … cluster-6)
#   RESULTSDB_TEST_SHARED_BUFFERS is PostgreSQL's shared_buffers, if 64MB are not enough.
#   A server that dies is started again as it was; while a file NAME/down exists, it stays away.
set -euo pipefail

fail() { printf 'servers.sh: %s\n' "$*" >&2; exit 1; }

# until_ok SECONDS COMMAND…: asks every 50 ms, ends with the command's success or after that time.
until_ok() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# The process that keeps one server: --keep FOLDER STOP_SIGNAL COMMAND…
# It ends when it gets SIGTERM (also sent when the wrapper dies), or when the server ends before it was ready once.
if [ "${1:-}" = --keep ]; then
  folder=$2 signal=$3 child='' stopping=''
  shift 3
  exec 2>>"$folder/log"
  trap 'stopping=yes; [ -z "$child" ] || kill -s "$signal" "$child" 2>/dev/null || true' TERM
  while [ -z "$stopping" ]; do
    if [ -e "$folder/down" ]; then sleep 0.05; continue; fi
    "$@" </dev/null >>"$folder/log" 2>&1 &
    child=$!
    echo "$child" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid"
    [ -z "$stopping" ] || kill -s "$signal" "$child" 2>/dev/null || true # it came between the two
    while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
    [ -n "$stopping" ] || [ -e "$folder/ready" ] || exit 1
  done
  if ! grep -q "^PPid:[[:space:]]*$PPID\$" /proc/$$/status; then # the wrapper is gone: nobody else tidies up
    rm -rf "$folder"
    rmdir "${folder%/*}" 2>/dev/null || true
  fi
  exit 0
fi

wanted=''
while [ $# -gt 0 ]; do
  case $1 in
    --only) wanted="$wanted ${2:?--only needs a name}"; shift 2 ;;
    --only=*) wanted="$wanted ${1#*=}"; shift ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --) shift; break ;;
    -*) fail "'$1' is no option; see --help" ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || fail "no command to run; see --help"
for name in $wanted; do
  case $name in postgres | redis | redis-cluster) ;; *) fail "--only $name: write postgres, redis or redis-cluster" ;; esac
done
wants() { case " ${wanted:-postgres redis redis-cluster} " in *" $1 "*) ;; *) return 1 ;; esac; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/resultsdb-servers.XXXXXX")
chmod 755 "$folder"
keepers=() command=''

# Stops what was started here, by process id.
stop_servers() {
  trap '' INT TERM HUP
  local keeper pid
  if [ -n "$command" ]; then
    kill -s TERM -- "-$command" 2>/dev/null || true
    until_ok 10 gone "-$command" || kill -s KILL -- "-$command" 2>/dev/null || true
  fi
  for keeper in "${keepers[@]}"; do kill -s TERM "$keeper" 2>/dev/null || true; done
  for keeper in "${keepers[@]}"; do
    until_ok 20 gone "$keeper" || {
      for pid in "$folder"/*/pid; do kill -s KILL "$(cat "$pid")" || true; done 2>/dev/null
      kill -s KILL "$keeper" 2>/dev/null || true
    }
  done
  rm -rf "$folder"
}
gone() { ! kill -0 -- "$1" 2>/dev/null; }
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Servers that refuse to be root run as somebody else.
account=()
if [ "$(id -u)" = 0 ]; then
  for user in postgres nobody; do id "$user" >/dev/null 2>&1 && break; done
  account=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
fi
die_with_parent() { if setpriv --help 2>/dev/null | grep -q pdeathsig; then echo "setpriv --pdeathsig $1"; fi; }

new_folder() { # NAME
  rm -rf "${folder:?}/$1"
  mkdir "$folder/$1"
  if [ ${#account[@]} -gt 0 ]; then chown "$user:$(id -g "$user")" "$folder/$1"; fi
}

# keep NAME STOP_SIGNAL COMMAND…; the keeper's id is then ${keepers[-1]}
keep() {
  local name=$1 signal=$2
  shift 2
  # A session of its own: what a terminal sends goes to the command alone. No -w: the id stays.
  # shellcheck disable=SC2046
  setsid $(die_with_parent TERM) bash "$0" --keep "$folder/$name" "$signal" \
    "${account[@]}" $(die_with_parent "$signal") "$@" &
  keepers+=($!)
}

# start NAME READY_COMMAND START_FUNCTION: on a free port (then in $port). Ports that the system does not give to
# clients; one that is taken in the meantime makes the server end, and another is tried.
start() {
  local name=$1 ready=$2 begin=$3 attempt
  for attempt in {1..20}; do
    port=$((10240 + (RANDOM * 32768 + RANDOM) % 11000))
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
    "$begin" "$name" "$port"
    if until_ok 60 ready_or_gone "${keepers[-1]}" "$ready" "$port" && ! gone "${keepers[-1]}"; then
      touch "$folder/$name/ready"
      return
    fi
  done
  tail -20 "$folder/$name/log" >&2 || true
  fail "$name does not start"
}
ready_or_gone() { gone "$1" || "$2" "$3"; }

postgres_folder() { # of the newest server's programs
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1) || true
  [ -n "$found" ] || found=$(dirname "$(command -v initdb)" 2>/dev/null) || true
  [ -x "$found/initdb" ] || fail "no PostgreSQL server is installed: run script/bootstrap"
  echo "$found"
}

begin_postgres() { # NAME PORT: TCP with a password, the socket without
  keep "$1" INT "$programs/postgres" -D "$folder/$1/data" -p "$2" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$folder/$1" -c fsync=off -c max_connections=200 -c "shared_buffers=${RESULTSDB_TEST_SHARED_BUFFERS:-64MB}" \
    -c max_wal_size=256MB -c log_min_messages=warning
}
postgres_answers() { "$programs/pg_isready" -q -h 127.0.0.1 -p "$1"; }

start_postgres() {
  programs=$(postgres_folder)
  new_folder postgres
  printf 'secret\n' >"$folder/postgres/password"
  chmod 644 "$folder/postgres/password"
  (cd / && "${account[@]}" "$programs/initdb" -D "$folder/postgres/data" -U postgres -E UTF8 --locale=C --no-sync \
    --auth-local=trust --auth-host=scram-sha-256 --pwfile="$folder/postgres/password") >"$folder/postgres/log" 2>&1 ||
    { cat "$folder/postgres/log" >&2; fail "initdb failed"; }
  start postgres postgres_answers begin_postgres
  psql -X -q -v ON_ERROR_STOP=1 -h "$folder/postgres" -p "$port" -U postgres -c "CREATE ROLE tester LOGIN PASSWORD 'secret'" \
    -c "CREATE DATABASE results" -c "GRANT CREATE ON DATABASE results TO tester" >&2
  export RESULTSDB_TEST_POSTGRES="postgresql://tester:secret@127.0.0.1:$port/results"
  local socket=${folder//\//%2F}%2Fpostgres
  export RESULTSDB_TEST_POSTGRES_SOCKET="postgresql://tester@$socket:$port/results"
  export RESULTSDB_TEST_POSTGRES_ADMIN="postgresql://postgres@$socket:$port/results"
}

begin_redis() { # NAME PORT OPTIONS…: acknowledged writes outlive the process
  local name=$1 port=$2
  shift 2
  new_folder "$name"
  keep "$name" TERM redis-server --port "$port" --bind 127.0.0.1 --dir "$folder/$name" --daemonize no --save '' \
    --appendonly yes --appendfsync everysec --enable-debug-command local "$@"
}
begin_redis_with_socket() { begin_redis "$1" "$2" --unixsocket "$folder/$1/socket" --unixsocketperm 777; }
begin_node() { begin_redis "$1" "$2" --cluster-enabled yes --cluster-node-timeout 5000 --cluster-config-file nodes.conf; }
redis_answers() { [ "$(redis-cli -h 127.0.0.1 -p "$1" ping)" = PONG ]; }

start_redis() {
  command -v redis-server >/dev/null || fail "no Redis server is installed: run script/bootstrap"
  start redis redis_answers begin_redis_with_socket
  export RESULTSDB_TEST_REDIS="redis://127.0.0.1:$port" RESULTSDB_TEST_REDIS_SOCKET="redis://$folder/redis/socket"
}

node_is_whole() { # PORT: knows all slots, and its replica or master is in step
  local answer
  answer=$(redis-cli -h 127.0.0.1 -p "$1" cluster info) && [[ $answer == *cluster_state:ok* ]] &&
    answer=$(redis-cli -h 127.0.0.1 -p "$1" info replication) && [[ $answer == *state=online* || $answer == *master_link_status:up* ]]
}

start_cluster() {
  command -v redis-server >/dev/null || fail "no Redis server is installed: run script/bootstrap"
  local number nodes=()
  for number in 1 2 3 4 5 6; do
    start "cluster-$number" redis_answers begin_node
    nodes+=("127.0.0.1:$port")
  done
  redis-cli --cluster create "${nodes[@]}" --cluster-replicas 1 --cluster-yes >"$folder/cluster-1/create.log" 2>&1 ||
    { cat "$folder/cluster-1/create.log" >&2; fail "the Redis cluster cannot be made"; }
  for number in "${nodes[@]}"; do
    until_ok 60 node_is_whole "${number#*:}" || fail "the Redis cluster does not get ready"
  done
  export RESULTSDB_TEST_REDIS_CLUSTER="redis://${nodes[0]},${nodes[1]},${nodes[2]}"
}

export RESULTSDB_TEST_SERVERS=$folder
if wants postgres; then start_postgres; fi
if wants redis; then start_redis; fi
if wants redis-cluster; then start_cluster; fi

# In a process group of its own: it, too, ends when this script is told to, with all that it started.
set -m
# shellcheck disable=SC2046
$(die_with_parent TERM) "$@" <&0 &
command=$!
set +m
status=0
wait "$command" || status=$?
command=''
exit "$status"
