"""What the OpenAPI document says in words only, because its language has no form for it."""

import json
import unicodedata
from urllib.parse import unquote
from zoneinfo import available_timezones

import schemathesis

ZONES = available_timezones()
NOBODY = {"anonymous", "nil", "none", "null", "n/a", "undefined", "unknown", "false", "true", "[object object]", "lmy47d"}


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    """A text of the document's becomes lines of events: any text would only ever be refused."""
    field = "category" if ctx.case.path == "/v1/events" else "resource_name"
    lines = str(value).splitlines() or ["a"]
    return "\n".join(json.dumps({field: line[:128] or "a"}) for line in lines[:20]).encode()


@schemathesis.hook
def filter_case(_ctx, case):
    if is_valid(case):
        return not is_refused_in_words(case)
    # Whatever it is, the serializer above makes events of it.
    return case.media_type != "application/x-ndjson"


def is_valid(case):
    """Only what is said to be right may not be refused; what is meant to be wrong may be wrong in two ways."""
    return case.meta is None or case.meta.generation.mode.is_positive


def is_refused_in_words(case):
    query, headers, body = case.query or {}, case.headers or {}, case.body
    # A cursor is what a page before ended with.
    if "cursor" in query:
        return True
    # "Those named by `key`, or every one of the sink with `all=true`."
    if (case.method, case.path) == ("DELETE", "/v1/dead-letters"):
        return ("key" in query) == ("all" in query)
    # "`from` is before `to`, and at most 1000 steps fit in one answer."
    if case.path == "/v1/series":
        return any(name in query for name in ("from", "to", "step"))
    # Names of headers have 1 to 255 characters.
    if case.path == "/v1/publish" and isinstance(body, dict):
        properties = body.get("properties")
        names = properties.get("headers") if isinstance(properties, dict) else None
        return isinstance(names, dict) and any(not 1 <= len(name) <= 255 for name in names)
    # "must be a time zone, such as America/Chicago"; "At most 366 days at once."
    if case.path == "/v1/availability":
        return query.get("timezone", "UTC") not in ZONES or "from" in query or "to" in query
    # "The name of the job, without control characters and slashes."
    if case.path == "/v1/heartbeats/{name}":
        name = unquote(str((case.path_parameters or {}).get("name", "")))
        return "/" in name or any(unicodedata.category(character)[0] == "C" for character in name)
    # "400 is a body that is not of its kind", and the kinds are the documents of others.
    if case.path == "/v1/explain":
        return query.get("as", "event") != "event"
    # "Names of the sinks": here there is one.
    if case.path == "/v1/import":
        return query.get("sinks", "local") != "local"
    # "Refused are those that stand for nobody or say something else in events".
    if case.path in ("/v1/people/erase", "/v1/people/export") and isinstance(body, dict):
        return any(names_nobody(text) for text in body.get("ids", []) if isinstance(text, str))
    if not case.path.startswith("/v1/events"):
        return False
    # "What the path says need not stand in the events, and one that says otherwise is refused."
    items = body if isinstance(body, list) else [body]
    said = [name for name in ("category", "type") if "{" + name + "}" in case.path]
    if any(name in item for item in items if isinstance(item, dict) for name in said):
        return True
    # "The id of a single event": one that has an id of its own may not have another key.
    if "Idempotency-Key" in headers and "cloudevents" not in (case.media_type or ""):
        return isinstance(body, dict) and body.get("id", headers["Idempotency-Key"]) != headers["Idempotency-Key"]
    return False


def names_nobody(text):
    """The rules of src/people/refused-ids.ts, as far as texts that are made up meet them."""
    word = text.strip()
    short = len(word) < 4 or (word.isdigit() and len(word) < 6)
    return short or word.lower() in NOBODY or not word.strip("0-:")
