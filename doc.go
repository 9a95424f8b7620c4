// Package cloudwatch sends the log events of a program to AWS CloudWatch Logs.
//
//	h, err := cloudwatch.NewHandler("my_log_group", nil)
//	if err != nil {
//		log.Fatal(err)
//	}
//	slog.SetDefault(slog.New(h))
//	slog.Warn("Watch out! Something happened!")
//	if err := h.Close(); err != nil { // standard error says what is not delivered
//		os.Exit(1)
//	}
//
// Code that uses log/slog stays as it is, but for log.Fatal, which ends the program
// before its event is sent, see [NewHandler]. For zap, zerolog and logrus there are
// adapters in modules of their own, below adapters/ in the repository. For package
// log and others there are [Handler.WriterAt], which makes an event of each Write,
// and [NewWriter] and [Handler.Writer], which make one of each line. Log group and
// log stream are created when they are missing.
//
// # What it promises
//
//   - A log call never waits for the network. It encodes the event into a
//     buffer in memory and returns. (Options.OnFull can be Block, then it waits
//     when the buffer is full.)
//   - Memory is bounded by Options.BufferBytes.
//   - An event in the buffer stays there until the service has confirmed it or
//     has refused it for good. Throttling, network trouble, missing permission
//     and expired credentials only delay it, for however long they last.
//   - Nothing is lost silently. Each event that is lost is counted by reason in
//     Stats, reported to Options.OnError, or on standard error if there is none,
//     and in the log stream itself, see LossError. At any moment accepted =
//     delivered + pending + rejected + dropped.
//   - One bad event never sinks its neighbours: what the service refuses is
//     searched for it.
//   - Flush and Shutdown tell the truth: nil means that nothing is pending, and
//     *UndeliveredError says how much is. ErrSpooled means that none of it is lost.
//   - With Options.Spool, an event whose log call has returned survives the death
//     of the process, kill -9 included: the next start delivers it, however short
//     it is. Guarantee says what is in force, Stats.Recovered what was left.
//   - A constructor makes no request, except for {instance_id} in a name. A
//     program starts while AWS is down.
//
// # What it does not promise
//
// Delivery is at least once. When the answer to a request is lost on the way,
// the request is made again, byte for byte the same, and the service then has
// its events twice: PutLogEvents has no idempotency key.
//
// Without a spool the buffer is in memory. Events that are in it when the process
// dies are lost. With one, events in flight when the process died can arrive
// twice, a power cut takes those younger than SpoolOptions.SyncEvery and, in hot
// mode, SpillAfter, and while the disk is full, fails or has stalled, new events are
// in memory only.
//
// # Order and time
//
// An event has the time of its record. The service shows the events of a stream
// in the order of their times; those of the same millisecond come in the order
// of their log calls, for requests whose times overlap are made one after the
// other. The exceptions are events that a refused request is searched for, and
// those that get another time.
//
// # Limits of the service
//
// Each limit of PutLogEvents is kept before a request is made: 1,048,576 bytes
// and 10,000 events a request, 24 hours between its oldest and newest event,
// ascending times, no empty message, valid UTF-8 (an invalid byte becomes
// U+FFFD). Options.Oversize says what happens to a message that is too large.
// The service takes no event older than 14 days or more than 2 hours ahead;
// Options.Untimely says what happens to those.
//
// # Permissions
//
// logs:PutLogEvents alone is enough when log group and log stream exist.
// Otherwise logs:CreateLogStream, logs:CreateLogGroup and, for
// Options.RetentionDays, logs:PutRetentionPolicy; for Options.Tags,
// logs:TagResource. There is no Describe call.
//
// # Testing
//
// Package cloudwatchtest has an endpoint for the tests of a program's own
// logging. It needs no AWS account.
package cloudwatch
