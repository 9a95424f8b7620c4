package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch/internal/sqlite"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/conformance"
)

// The endpoint keeps the documented rules with its events in SQLite too.
func TestConformanceInSQLite(t *testing.T) {
	store, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	srv, err := endpoint.Open(endpoint.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	cfg := aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &srv.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		APIOptions:   []func(*middleware.Stack) error{cloudwatchtest.LocalEndpoint},
	}
	for _, f := range conformance.CheckAll(t.Context(), conformance.Target{Config: cfg}) {
		t.Run(f.Rule.Name(), func(t *testing.T) {
			if f.Err != nil {
				t.Error(f.Err)
			}
		})
	}
}
