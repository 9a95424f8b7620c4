// A program that logs with winston and winston-cloudwatch. It creates the log
// group and the log stream, and sets the retention.

import { promisify } from "node:util";
import winston from "winston";
import WinstonCloudWatch from "winston-cloudwatch";

const transport = new WinstonCloudWatch({
  name: "cloudwatch",
  logGroupName: "/winston/app",
  logStreamName: "web-1",
  awsRegion: process.env.AWS_REGION,
  awsOptions: { endpoint: process.env.AWS_ENDPOINT_URL },
  retentionInDays: 7,
  uploadRate: 200,
  jsonMessage: true,
  errorHandler: (err) => {
    console.error(err);
    process.exitCode = 1;
  },
});
const log = winston.createLogger({ transports: [transport] });
for (let i = 0; i < 5; i++) {
  log.info(`order ${i} é 🙂`, { order: i });
}
const flush = promisify(transport.kthxbye).bind(transport);
await flush();
// Once more, in a stream that has events: now it has a sequence token to send.
log.error("the last one", { order: 5 });
await flush();
