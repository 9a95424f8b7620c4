// Package cloudwatchtest is an AWS CloudWatch Logs endpoint for tests, in the spirit of
// [net/http/httptest]. It runs inside the test's process, needs no AWS account, and applies the
// documented rules of the service: names, sizes, order, ages, paging, and the wording of errors.
//
// A test of a program's own logging:
//
//	func TestLogsTheFailure(t *testing.T) {
//		srv := cloudwatchtest.Start(t)
//		cfg := srv.Config()
//		h, err := cloudwatch.NewHandler("app", &cloudwatch.Options{Config: &cfg, LogStream: "web-1"})
//		if err != nil {
//			t.Fatal(err)
//		}
//		slog.New(h).Error("payment failed", "order", 17)
//		h.Close()
//		if got := srv.Messages("app", "web-1"); len(got) != 1 {
//			t.Fatalf("got %q, want one message", got)
//		}
//	}
//
// [NewServer] and [Start] listen on a random port of 127.0.0.1. [Open] also takes an address,
// access keys and limits. [New] has no socket: [Server.Config], [Server.Client] and
// [Server.Transport] reach it in memory, so it works inside a [testing/synctest] bubble if it is
// created there. All times come from time.Now, which is the bubble's clock inside a bubble;
// [Server.SetClockOffset] makes the server's clock run ahead or behind.
//
// [Server.Inject] makes requests fail, hang, arrive late, or lose part or all of their response.
// It can return responses that do not come from the service, that are huge, endless or gzip bombs,
// or that have a wrong Date header; it can silence connections, reject single events, or fail every
// batch that contains a certain message. See [Fault]. [Server.SetQuota] throttles by rate.
//
// [Server.Requests] returns the requests received and their outcomes; GET /_cloudwatch/requests
// serves the same as JSON. Requests and events are kept in memory: in long runs,
// [Server.TakeRequests] and [Server.TakeEvents] free it.
//
// # What is emulated
//
// Log groups, log streams, events, Live Tail, metric filters, retention and tags, by the
// documented rules. docs/endpoint.md lists every operation of the service and what is left out of
// it. An operation that is not emulated fails with UnknownOperationException and its name.
//
// # What is not emulated
//
//   - Permissions, and signatures unless [Options.Keys] is set: every request is accepted. See
//     [AccessDenied], [ExpiredToken] and [UnrecognizedClient] for the errors.
//   - Accounts and regions: there is one account, 000000000000, and one namespace for all regions.
//     ARNs contain the region the request was signed for.
//   - Request rate quotas, until [Server.SetQuota] or [Server.SetDefaultQuotas] is called. Of the
//     other quotas, those for metric filters and Live Tail sessions apply; the number of log groups
//     is not limited.
//   - Eventual consistency: a change is visible as soon as its request has been answered.
//   - Two details of JSON, in which encoding/json is more lenient: member names are matched without
//     regard to case, and an unpaired surrogate ("\ud800") in a string is read as U+FFFD.
package cloudwatchtest
