package cloudwatchtest

import (
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Options say how [Open] makes an endpoint. The zero value is that of
// [NewServer].
type Options struct {
	// Addr is where to listen, such as "127.0.0.1:4586". "" = a random port of
	// 127.0.0.1. An address that others can reach needs AllowRemote.
	Addr string

	// AllowRemote lets other machines in. Then the Host of a request may also
	// be an IP address, a name without a dot, or one that ends in ".internal"
	// or ".local". The connection is not encrypted.
	AllowRemote bool

	// Keys are the access keys that are known: secret access keys by access key
	// ID. Requests that are not signed with one of them are refused. nil =
	// signatures are not looked at.
	Keys map[string]string

	// MaxConnections bounds the connections at the same time. Others wait until
	// one ends, or has no request: then it is closed. 0 = no bound.
	MaxConnections int

	// MaxRequests bounds the request log: the newest are kept. 0 = all are kept.
	MaxRequests int

	// SweepEvery is how often events are deleted that retention hides, and
	// those beyond MaxAge and MaxBytes. 0 = never: MaxAge and MaxBytes are
	// without effect then.
	SweepEvery time.Duration

	// MaxAge is the age at which events are deleted whatever the retention of
	// their log group. 0 = no limit.
	MaxAge time.Duration

	// MaxBytes is the size of the store from which on the oldest events are
	// deleted. 0 = no limit.
	MaxBytes int64

	// Store is where log groups, log streams and events are kept; nil = in
	// memory. The caller closes it after the server. Its type is internal: only
	// programs of this project can set it.
	Store logstore.Store
}
