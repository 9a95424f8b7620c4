package logstore_test

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/logstore"
	"github.com/cloudwatch-go/cloudwatch/internal/logstore/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) logstore.Store { return logstore.NewMemory() })
}
