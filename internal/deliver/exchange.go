package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// exchange is a request and what is seen of it on the way. Whoever makes it reads the
// fields when it has ended.
type exchange struct {
	jumped bool // its Date is far from the last one believed

	mu   sync.Mutex
	conn net.Conn // the connection last used
}

type exchangeKey struct{}

// attempt returns the context of a request that may take so long. end must be called with
// its error, and returns it with what the request waited for if it was cut off.
func (w *Worker) attempt(timeout time.Duration) (ctx context.Context, x *exchange, end func(err error) error) {
	x = &exchange{}
	ctx, cancel := context.WithTimeout(context.WithValue(w.ctx, exchangeKey{}, x), timeout)
	deadline := ctx
	ctx, known := w.cfg.Reach.begin(ctx, !w.cfg.Creation.Never)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: x.connected})
	return ctx, x, func(err error) error {
		defer cancel()
		if err != nil && errors.Is(deadline.Err(), context.DeadlineExceeded) {
			x.abandon()
		}
		return known(err)
	}
}

func (x *exchange) connected(got httptrace.GotConnInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conn = got.Conn
}

// abandon closes the connection of a request that got no answer in time: its path may be
// dead, and HTTP/2 would use it for every request to come. TLS would first try to say
// goodbye.
func (x *exchange) abandon() {
	x.mu.Lock()
	defer x.mu.Unlock()
	conn := x.conn
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if conn != nil {
		_ = conn.Close() // nothing is expected of it
	}
}
