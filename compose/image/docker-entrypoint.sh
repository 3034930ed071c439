#!/bin/sh
# Starts the proxy as Envoy's image does: arguments alone are the proxy's, $loglevel is its level, and a container that starts as root
# runs it as $ENVOY_UID:$ENVOY_GID (101:101), as root only for ENVOY_UID=0. Any other command is run the same way.
set -eu

uid=${ENVOY_UID:-101}
gid=${ENVOY_GID:-101}
for number in "$uid" "$gid"; do
  case $number in
  *[!0-9]*)
    echo "starling: ENVOY_UID and ENVOY_GID are numbers, not '$number'" >&2
    exit 1
    ;;
  esac
done

case ${1:--} in -*) set -- envoy "$@" ;; esac
if [ "$1" = envoy ] || [ "$1" = starling ]; then
  case "${2:--} $*" in
  [!-]* | *" -c"* | *" --config-"*) ;; # a subcommand, or a file is given
  *) set -- "$@" -c /etc/envoy/envoy.yaml ;;
  esac
  [ -z "${loglevel:-}" ] || set -- "$@" --log-level "$loglevel"
fi

if [ "$(id -u)" != 0 ]; then
  [ "$uid" = "$(id -u)" ] || [ -z "${ENVOY_UID:-}" ] ||
    echo "starling: ENVOY_UID=$uid changes nothing: the container was started as user $(id -u), not as root" >&2
  exec "$@"
fi
if [ "$uid" = 0 ]; then
  echo "starling: runs as root, as ENVOY_UID=0 says" >&2
  exec "$@"
fi
become="setpriv --reuid $uid --regid $gid --clear-groups"
if ! $become true 2>/dev/null; then
  echo "starling: cannot become user $uid: leave the container the capabilities SETUID and SETGID, or start it with user: '$uid:$gid'" >&2
  exit 1
fi
# Log files may be these; they belong to who started the container.
chown "$uid:$gid" /dev/stdout /dev/stderr 2>/dev/null || true
exec $become "$@"
