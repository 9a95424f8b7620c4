// Live tail with the SDK for JavaScript, which needs disableHostPrefix to find
// an endpoint that is not the service's.

import assert from "node:assert/strict";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  PutLogEventsCommand,
  StartLiveTailCommand,
} from "@aws-sdk/client-cloudwatch-logs";

const client = new CloudWatchLogsClient({ disableHostPrefix: true });
const logGroupName = "/node/live";
const logStreamName = "web-1";
await client.send(new CreateLogGroupCommand({ logGroupName }));
await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));

const put = (...messages) =>
  client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: messages.map((message) => ({ timestamp: Date.now(), message })) }));

await put("ERROR before the session");
const { responseStream } = await client.send(
  new StartLiveTailCommand({ logGroupIdentifiers: [logGroups[0].logGroupArn], logEventFilterPattern: "ERROR" }),
);
let started = 0;
const got = [];
for await (const event of responseStream) {
  if (event.sessionStart) {
    started++;
    assert.deepEqual(event.sessionStart.logGroupIdentifiers, [logGroups[0].logGroupArn]);
    await put("ERROR one é", "INFO two", "ERROR three");
  } else if (event.sessionUpdate) {
    assert.equal(started, 1, "an update came before the start");
    assert.equal(event.sessionUpdate.sessionMetadata.sampled, false);
    got.push(...event.sessionUpdate.sessionResults);
    if (got.length >= 2) break;
  } else {
    throw new Error(JSON.stringify(event));
  }
}
assert.deepEqual(got.map((e) => e.message), ["ERROR one é", "ERROR three"]);
client.destroy();
process.exit(0); // the connection of the session would keep the process
