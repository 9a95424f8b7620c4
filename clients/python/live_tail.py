"""Live tail with boto3: one group, a pattern, events as they come."""

import sys
import threading
import time

import boto3

client = boto3.client("logs", endpoint_url=sys.argv[1])
group = "/boto/live"
client.create_log_group(logGroupName=group)
client.create_log_stream(logGroupName=group, logStreamName="web-1")
arn = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]


def put(*messages):
    now = int(time.time() * 1000)
    client.put_log_events(
        logGroupName=group,
        logStreamName="web-1",
        logEvents=[{"timestamp": now, "message": m} for m in messages],
    )


put("ERROR before the session")
stream = client.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")["responseStream"]
watchdog = threading.Timer(60, stream.close)
watchdog.daemon = True
watchdog.start()

got, started, updates = [], 0, 0
for event in stream:
    if "sessionStart" in event:
        started += 1
        assert updates == 0, "an update came before the start"
        assert event["sessionStart"]["logGroupIdentifiers"] == [arn], event
        put("ERROR one", "INFO two", "ERROR three")
    elif "sessionUpdate" in event:
        updates += 1
        update = event["sessionUpdate"]
        assert update["sessionMetadata"] == {"sampled": False}, update
        got += update["sessionResults"]
        if len(got) >= 2:
            break
    else:
        raise RuntimeError(str(event))
stream.close()
assert started == 1
assert [e["message"] for e in got] == ["ERROR one", "ERROR three"], got
assert all(e["logStreamName"] == "web-1" for e in got), got
print("boto3", boto3.__version__, updates, "updates")
