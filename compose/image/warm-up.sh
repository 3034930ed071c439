#!/bin/sh
# Part of the image's build: serves a file of a mesh with every role until it is ready, and ends it.
set -eu
starling -c /starling/config/demo/front-proxy.yaml --mesh embedded --concurrency 1 --log-level error &
proxy=$!
for _ in $(seq 50); do
  sleep 0.2
  if node dist/compose/image/healthcheck.js "$proxy"; then break; fi
done
kill $proxy
wait $proxy
