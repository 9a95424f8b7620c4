package logstore_test

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) logstore.Store { return logstore.NewMemory() })
}
