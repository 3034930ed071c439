#!/bin/bash
# The load reporting document's fifty requests, each to one of its two proxies by chance. Other ports: send_requests.sh 8181 8182
ports=("${1:-8181}" "${2:-8182}")
for _ in $(seq 50); do
  curl --silent --show-error --output /dev/null "http://127.0.0.1:${ports[RANDOM % 2]}/service"
done
