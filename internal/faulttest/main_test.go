package faulttest_test

import (
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
