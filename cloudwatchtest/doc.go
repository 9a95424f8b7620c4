// Package cloudwatchtest is an AWS CloudWatch Logs endpoint for tests, in the
// spirit of net/http/httptest. It runs inside the test's process, needs no AWS
// account, and applies the documented rules of the service: names, sizes,
// order, ages, paging, and the wording of the errors.
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
// [NewServer] and [Start] listen on a random port of 127.0.0.1. [New] has no
// socket: its [Server.Config], [Server.Client] and [Server.Transport] reach it
// in memory, so it works inside a testing/synctest bubble. Create it inside
// the bubble. All times come from time.Now, which is the bubble's clock there;
// [Server.SetClockOffset] gives the server a clock that is ahead or behind.
//
// [Server.Inject] makes requests fail, hang, come late, lose their answer or a
// part of it, or be answered by something that is not the service; it makes
// answers huge, endless or gzip bombs, connections go dead, and Date headers
// wrong; it makes single events poison and decides which ones are rejected. See
// [Fault]. [Server.SetQuota]
// throttles by rate. [Server.Requests] tells what was asked and what was
// answered; GET /_cloudwatch/requests serves that as JSON. Requests and events
// are kept in memory: in long runs, [Server.TakeRequests] and
// [Server.TakeEvents] make room. [Open] makes an endpoint for programs that run
// long and offer it to others, such as "cloudwatch serve".
//
// # What is emulated
//
// Log groups, log streams, events, Live Tail, retention and tags, by the
// documented rules. docs/endpoint.md lists all operations of the service with
// what is left out of each; the head of an operation's file says where the
// documents leave room. An operation that is not emulated is refused by name,
// with UnknownOperationException.
//
// # What is not emulated
//
//   - Permissions, and signatures unless [Options.Keys] is set: every request
//     is accepted. See [AccessDenied], [ExpiredToken] and [UnrecognizedClient]
//     for the answers.
//   - Accounts and regions: there is one account, 000000000000, and one
//     namespace for all regions. ARNs name the region the request was signed
//     for.
//   - Quotas of requests per second, until [Server.SetQuota] or
//     [Server.SetDefaultQuotas] is called. Of other quotas, those of metric
//     filters and of sessions of Live Tail hold; there may be any number of log
//     groups.
//   - Eventual consistency: everything is visible as soon as it is answered.
//   - Two niceties of JSON, in which encoding/json is more lenient: names of
//     members are matched without regard to case, and half a surrogate pair
//     ("\ud800") in a string reads as U+FFFD.
package cloudwatchtest
