package pipeline_test

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch"
)

// blackHolePort is a port of this machine whose backlog is full: Linux drops the SYN of
// further connections, as a firewall does.
func blackHolePort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	for range 10 {
		c, err := net.DialTimeout("tcp", address, 300*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("the backlog of this system has no end")
	return ""
}

// TestCloseNamesTheBlackHole: the first connection is still being made when the time of
// Close is over.
func TestCloseNamesTheBlackHole(t *testing.T) {
	address := blackHolePort(t)
	row := cutOffRow{endpoint: "http://" + address}
	h, _ := row.begin(t, func(o *cloudwatch.Options) { o.CloseTimeout, o.ClientOptions = time.Second, nil })
	want := regexp.MustCompile(` not delivered in time: no connection to ` + regexp.QuoteMeta(address) + ` within [0-9.]+m?s; ` + regexp.QuoteMeta(blockedByEndpoint) + `$`)
	if text := fmt.Sprint(h.Close()); !want.MatchString(text) {
		t.Errorf("Close: %s", text)
	}
}
