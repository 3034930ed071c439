#!/bin/bash
# The image's health check, run every few seconds: asks /ready at the admin address that healthcheck.js has found the first time, without
# starting Node for it. Whatever is not well is left to healthcheck.js, which says why.
#   healthcheck.sh [PROGRAM [PID [FILE]]]: for tests
program=${1:-/starling/dist/compose/image/healthcheck.js} pid=${2:-1} known=${3:-/dev/shm/starling-admin}

if read -r host port 2>/dev/null <"$known" && { exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null; then
  printf 'GET /ready HTTP/1.1\r\nhost: %s:%s\r\nconnection: close\r\n\r\n' "$host" "$port" >&3
  read -r -t 2 _ status _ <&3 && [ "$status" = 200 ] && exit 0
fi
exec node "$program" "$pid" "$known"
