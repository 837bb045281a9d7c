"""The shape of the Python workers that came before: prefetch 1, and for each message one write and one acknowledgement.

It writes to InfluxDB 1.x over one kept-alive HTTP connection, cheaper than through the influxdb package that those workers used;
and to MongoDB through pymongo, as they did. Needs Debian's python3-pika and, for MongoDB, python3-pymongo.
"""

import http.client
import json
import os
import sys

import pika

TAGS = ("author_id", "category", "extractor_name", "healthy", "type", "user_id")


def to_influxdb():
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]))
    path = "/write?precision=ms&db=" + os.environ["DATABASE"]

    def write(event):
        tags = "".join(",%s=%s" % (name, event[name]) for name in TAGS if name in event)
        fields = ",".join(
            "%s=%di" % (name, value) if isinstance(value, int) else '%s="%s"' % (name, value)
            for name, value in event.items()
            if name not in TAGS and name != "created"
        )
        connection.request("POST", path, ("events%s %s %d" % (tags, fields, event["created"])).encode())
        response = connection.getresponse()
        response.read()
        if response.status != 204:
            sys.exit("InfluxDB answered %d" % response.status)

    return write


def to_mongodb():
    import pymongo

    collection = pymongo.MongoClient(os.environ["MONGODB_URI"])[os.environ["DATABASE"]]["events"]
    return collection.insert_one


write = {"influxdb": to_influxdb, "mongodb": to_mongodb}[sys.argv[1]]()
channel = pika.BlockingConnection(pika.URLParameters(os.environ["URI"])).channel()
channel.basic_qos(prefetch_count=1)


def on_message(channel, method, _properties, body):
    write(json.loads(body))
    channel.basic_ack(method.delivery_tag)


channel.basic_consume(os.environ["QUEUE"], on_message)
print("ready", flush=True)
channel.start_consuming()
