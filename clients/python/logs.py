"""What a program does with boto3: create, put, page, read, tag, fail, delete.

The endpoint's address is the only argument. An assertion that fails is the
end; the test that runs this looks at what the endpoint has afterwards.
"""

import sys
import time

import boto3

client = boto3.client("logs", endpoint_url=sys.argv[1])
group, stream = "/boto/app", "web-1"
arn = "arn:aws:logs:us-east-1:000000000000:log-group:" + group

# Typed errors, and creation only when it is needed: the way of log handlers
# that put first and create what is missing.
def put(events, **more):
    return client.put_log_events(
        logGroupName=group, logStreamName=stream, logEvents=events, **more
    )

start = int(time.time() * 1000) - 10_000
batch = [{"timestamp": start + i // 3, "message": f"event {i} é 🙂"} for i in range(30)]
for create in (
    lambda: client.create_log_group(logGroupName=group, tags={"team": "shop"}),
    lambda: client.create_log_stream(logGroupName=group, logStreamName=stream),
):
    try:
        put(batch)
        assert False, "events were put into what does not exist"
    except client.exceptions.ResourceNotFoundException as e:
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    create()
answer = put(batch, sequenceToken="one that is long out of date")
assert "rejectedLogEventsInfo" not in answer, answer
assert len(answer["nextSequenceToken"]) == 56, answer
assert len(answer["ResponseMetadata"]["RequestId"]) == 36, answer

for create in (
    lambda: client.create_log_group(logGroupName=group),
    lambda: client.create_log_stream(logGroupName=group, logStreamName=stream),
):
    try:
        create()
        assert False, "created twice"
    except client.exceptions.ResourceAlreadyExistsException:
        pass
try:
    put([{"timestamp": start + 1, "message": "late"}, {"timestamp": start, "message": "early"}])
    assert False, "out of order"
except client.exceptions.InvalidParameterException as e:
    assert "chronological order" in str(e), e

# Paginators.
want = [e["message"] for e in batch]
pages = list(
    client.get_paginator("filter_log_events").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 7}
    )
)
got = [e for p in pages for e in p["events"]]
assert [e["message"] for e in got] == want, got
assert len({e["eventId"] for e in got}) == len(got), "event ids repeat"
assert all(p["searchedLogStreams"] == [] for p in pages)
for i in range(60):
    client.create_log_stream(logGroupName=group, logStreamName=f"many-{i:02}")
streams = [
    s["logStreamName"]
    for p in client.get_paginator("describe_log_streams").paginate(logGroupName=group)
    for s in p["logStreams"]
]
assert streams == sorted(streams) and len(streams) == 61, streams

# GetLogEvents has no paginator: the token repeats at the end.
got, token = [], None
while True:
    more = {"nextToken": token} if token else {}
    page = client.get_log_events(
        logGroupName=group, logStreamName=stream, startFromHead=True, limit=11, **more
    )
    got += [e["message"] for e in page["events"]]
    if page["nextForwardToken"] == token:
        break
    token = page["nextForwardToken"]
assert got == want, got

client.put_retention_policy(logGroupName=group, retentionInDays=30)
found = client.describe_log_groups(logGroupNamePrefix="/boto/")["logGroups"]
assert len(found) == 1 and found[0]["retentionInDays"] == 30, found
assert found[0]["arn"] == arn + ":*", found
client.delete_retention_policy(logGroupName=group)

# Tags: this version may only know the older family of calls.
if hasattr(client, "tag_resource"):
    client.tag_resource(resourceArn=arn, tags={"stage": "test", "gone": "soon"})
    client.untag_resource(resourceArn=arn, tagKeys=["gone"])
    tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"team": "shop", "stage": "test"}, tags

client.delete_log_stream(logGroupName=group, logStreamName="many-00")
client.create_log_group(logGroupName="/boto/gone")
client.delete_log_group(logGroupName="/boto/gone")
print("boto3", boto3.__version__)
