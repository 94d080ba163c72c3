#!/bin/sh
set -e
if [ "${1#-}" != "$1" ]; then
	set -- server "$@"
fi
case "$1" in
	server|worker) chown -R app "${DATA:-/data}" && exec su-exec app "$0" "$@" ;;
	*) cat >&2 <<-E
		unknown: $1 `date`
	E
	;;
esac
for file in /docker-entrypoint.d/*.sh; do . "$file"; done
