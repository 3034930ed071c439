#!/bin/sh
# Part of the image's build: serves a file with every role until it is ready, and ends. What its threads compiled stays in $NODE_COMPILE_CACHE,
# so that a container starts with it, also on a root that is read only: a fifth less CPU.
set -eu
starling -c /starling/config/demo/front-proxy.yaml --mesh embedded --concurrency 1 --log-level error &
proxy=$!
for _ in $(seq 50); do
  sleep 0.2
  if node /starling/dist/compose/image/healthcheck.js "$proxy"; then break; fi
done
kill $proxy
wait $proxy
