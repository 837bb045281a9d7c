"""The shape of the Python workers that came before: prefetch 1, and for each message one write and one acknowledgement.

    worker.py influxdb   through the influxdb package (python3-influxdb)
    worker.py http       to InfluxDB's /write over one bare kept-alive HTTP connection: the least that the shape can cost
    worker.py mongodb    through pymongo (python3-pymongo)

All need python3-pika. URI and QUEUE say what to consume; PORT and DATABASE, or MONGODB_URI and DATABASE, where to write.
"""

import http.client
import json
import os
import sys

import pika

TAGS = ("author_id", "category", "extractor_name", "healthy", "type", "user_id")


def to_influxdb():
    from influxdb import InfluxDBClient

    client = InfluxDBClient("127.0.0.1", int(os.environ["PORT"]), database=os.environ["DATABASE"])

    def write(event):
        tags = {name: event[name] for name in TAGS if name in event}
        fields = {name: value for name, value in event.items() if name not in TAGS and name != "created"}
        point = {"measurement": "events", "tags": tags, "fields": fields, "time": event["created"]}
        client.write_points([point], time_precision="ms")

    return write


def to_http():
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


write = {"influxdb": to_influxdb, "http": to_http, "mongodb": to_mongodb}[sys.argv[1]]()
channel = pika.BlockingConnection(pika.URLParameters(os.environ["URI"])).channel()
channel.basic_qos(prefetch_count=1)


def on_message(channel, method, _properties, body):
    write(json.loads(body))
    channel.basic_ack(method.delivery_tag)


channel.basic_consume(os.environ["QUEUE"], on_message)
print("ready", flush=True)
channel.start_consuming()
