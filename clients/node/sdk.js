// What a program does with the SDK for JavaScript: create, put, get, page,
// fail. The environment has the endpoint. An assertion that fails is the end;
// the test that runs this looks at what the endpoint has afterwards.

import assert from "node:assert/strict";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  InvalidParameterException,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  paginateDescribeLogStreams,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";

const client = new CloudWatchLogsClient({});
const logGroupName = "/node/app";
const logStreamName = "web-1";

await client.send(new CreateLogGroupCommand({ logGroupName, tags: { team: "shop" } }));
await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
await client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 14 }));

const start = Date.now() - 10_000;
const messages = Array.from({ length: 30 }, (_, i) => `event ${i} é 漢 🙂 \u2028 <&> "quoted"`);
const logEvents = messages.map((message, i) => ({ timestamp: start + Math.floor(i / 3), message }));
const put = await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
assert.equal(put.rejectedLogEventsInfo, undefined);
assert.equal(put.$metadata.httpStatusCode, 200);
assert.equal(put.$metadata.requestId.length, 36);

const tooOld = [{ timestamp: start - 15 * 24 * 3600 * 1000, message: "old" }];
const rejected = await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: tooOld }));
assert.equal(rejected.rejectedLogEventsInfo.tooOldLogEventEndIndex, 1);

const got = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }));
assert.deepEqual(got.events.map((e) => e.message), messages);

const found = [];
let pages = 0;
for await (const page of paginateFilterLogEvents({ client, pageSize: 7 }, { logGroupName })) {
  found.push(...page.events);
  pages++;
}
assert.deepEqual(found.map((e) => e.message), messages);
assert.equal(new Set(found.map((e) => e.eventId)).size, messages.length);
assert.ok(pages >= 5, `${pages} pages`);

const streams = [];
for await (const page of paginateDescribeLogStreams({ client }, { logGroupName })) {
  streams.push(...page.logStreams);
}
assert.equal(streams.length, 1);
assert.equal(streams[0].lastEventTimestamp, logEvents.at(-1).timestamp);

const resourceArn = streams[0].arn.replace(/:log-stream:.*/, "");
const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
assert.deepEqual(tags, { team: "shop" });

// Errors have their types.
await assert.rejects(client.send(new CreateLogGroupCommand({ logGroupName })), ResourceAlreadyExistsException);
await assert.rejects(
  client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "other" })),
  (e) => e instanceof ResourceNotFoundException && e.$fault === "client" && e.message === "The specified log stream does not exist.",
);
await assert.rejects(client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: [] })), InvalidParameterException);
