package main

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

func TestRun(t *testing.T) {
	e := endpoint.Start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, signal := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- run(ctx, listener) }()

	answer, err := http.Get("http://" + listener.Addr().String() + "/orders")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	signal()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	e.Want("my_log_group", `"path":"/orders"`, "goodbye")
}

func TestRunWithoutListener(t *testing.T) {
	e := endpoint.Start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := run(context.Background(), listener); err == nil {
		t.Error("got no error")
	}
	e.Want("my_log_group", "goodbye")
}
