package logstore_test

import (
	"math"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

func TestPositionID(t *testing.T) {
	for _, p := range []logstore.Position{{}, {Time: 1, Number: 2}, {Time: 1_790_000_000_123, Number: 99}, {Time: math.MaxInt64, Number: math.MaxInt64}} {
		id := p.ID()
		if got, ok := logstore.ParseID(id); len(id) != 56 || !ok || got != p {
			t.Errorf("%+v: %s reads as %+v, %v", p, id, got, ok)
		}
	}
	for _, id := range []string{
		"", "3", "abc",
		"2" + logstore.Position{}.ID()[1:],
		logstore.Position{}.ID() + "0",
		"3-00000000000000001" + logstore.Position{}.ID()[20:],
		"39999999999999999999" + logstore.Position{}.ID()[20:], // overflows the number
		"36997316174461345238273456723456234562345623456234562345",
	} {
		if p, ok := logstore.ParseID(id); ok {
			t.Errorf("%q reads as %+v", id, p)
		}
	}
}
