"""What the OpenAPI document says in words only, because its language has no form for it."""

import json

import schemathesis


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
