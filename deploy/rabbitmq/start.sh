#!/bin/sh
# Starts RabbitMQ with the users that it should have, each with the least rights, and without an administrator: rabbitmqctl in the container needs none.
#   clowder     Clowder and its extractors: their own exchanges and queues, and the management plugin, which Clowder asks
#   event-sink  the daemon: its own queues, Clowder's exchange and the heartbeats of extractors; with EXTRACTION_EVENTS=on also the copies of messages that RabbitMQ makes while tracing is on
set -eu
umask 077
definitions=${DEFINITIONS_FILE:-/tmp/definitions.json}
ours='event-sink\\.|clowder\\.metrics$'
heard='extractors$'
case "${EXTRACTION_EVENTS:-off}" in
  on | true | 1) heard="$heard|amq\\\\.rabbitmq\\\\.trace\$" ;;
esac
cat >"$definitions" <<END
{
  "vhosts": [{ "name": "/" }],
  "users": [
    { "name": "clowder", "password": "${RABBITMQ_PASSWORD:?}", "tags": "management" },
    { "name": "event-sink", "password": "${RABBITMQ_EVENT_SINK_PASSWORD:?}", "tags": "" }
  ],
  "permissions": [
    { "user": "clowder", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*" },
    {
      "user": "event-sink",
      "vhost": "/",
      "configure": "^($ours)",
      "write": "^($ours|amq\\\\.default\$)",
      "read": "^($ours|$heard)"
    }
  ]
}
END
# The image begins as root, and the server runs as rabbitmq.
if [ "$(id -u)" = 0 ] && id rabbitmq >/dev/null 2>&1; then chown rabbitmq "$definitions"; fi
exec docker-entrypoint.sh "$@"
