#!/bin/sh
# Makes deploy/.env (or the file named) of .env.example, with new secrets. Never overwrites one.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
file=${1:-$here/.env}
if [ -e "$file" ]; then
  echo "$file is there already: nothing was changed." >&2
  exit 1
fi

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
hash() { printf %s "$1" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1; }

key=es_$(secret)
metrics=es_$(secret)
sed \
  -e "s/^RABBITMQ_PASSWORD=$/&$(secret)/" \
  -e "s/^RABBITMQ_EVENT_SINK_PASSWORD=$/&$(secret)/" \
  -e "s/^MONGODB_ROOT_PASSWORD=$/&$(secret)/" \
  -e "s/^INFLUXDB_READ_PASSWORD=$/&$(secret)/" \
  -e "s/^MONGODB_PASSWORD=$/&$(secret)/" \
  -e "s/^INFLUXDB_PASSWORD=$/&$(secret)/" \
  -e "s/^INFLUXDB_ADMIN_PASSWORD=$/&$(secret)/" \
  -e "s/^GRAFANA_PASSWORD=$/&$(secret)/" \
  -e "s/^API_KEYS=$/&admin:publish+read+admin:$(hash "$key"),prometheus:read:$(hash "$metrics")/" \
  -e "s/^EVENT_SINK_API_KEY=$/&$key/" \
  -e "s/^METRICS_KEY=$/&$metrics/" \
  "$here/.env.example" >"$file.new"
mv "$file.new" "$file"
echo "$file made. Your API key is EVENT_SINK_API_KEY in it, Grafana's password (user admin) GRAFANA_PASSWORD."
