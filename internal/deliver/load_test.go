package deliver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// durableStore is a replica on which every event is durable at once.
type durableStore struct{}

func (durableStore) Room(batch.Event) bool          { return true }
func (durableStore) AwaitRoom() bool                { return true }
func (durableStore) Add(uint64, batch.Event)        {}
func (durableStore) Wait(uint64)                    {}
func (durableStore) Synced(uint64, uint64) bool     { return true }
func (durableStore) Short()                         {}
func (durableStore) AwaitRelief(time.Time) bool     { return false }
func (durableStore) Closed()                        {}
func (durableStore) Settled(uint64, uint64, uint64) {}
func (durableStore) Unsafe() segment.Ranges         { return nil }

// TestLoadEndingAfterStopLosesNothing: after Stop the store may be closed while events are loaded.
// Events that were not found then are still in the store.
func TestLoadEndingAfterStopLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		defer srv.Close()
		q := queue.New(queue.Config{Head: testHead, MaxBytes: 64 << 10, Interval: time.Second, Replica: durableStore{}})
		const events = 200
		for range events {
			if err := q.Append(newEvent(time.Now().UnixMilli(), account.None, strings.Repeat("x", 1000))); err != nil {
				t.Fatal(err)
			}
		}
		loading, closed := make(chan bool, 9), make(chan bool)
		if err := srv.CreateLogGroup("g"); err != nil {
			t.Fatal(err)
		}
		if err := srv.CreateLogStream("g", "s"); err != nil {
			t.Fatal(err)
		}
		q.Flush()
		w := Start(Config{Client: newClient(srv), Group: "g", Stream: "s", MaxInFlight: 4, Interval: time.Second,
			Load: func(uint64, uint64, func(uint64, batch.Event)) {
				loading <- true
				<-closed
			},
			Failed: func(string, error) {}, Refused: func(error) {}, Settled: func() {}, Lost: func() {}}, q)
		<-loading
		w.Stop()
		synctest.Wait()
		close(closed)
		<-w.Done()
		q.Close()
		kept, dropped := q.Abandon()
		if s := q.State(); s.Delivered+kept.Events != events || kept.Events < events/2 || dropped.Events != 0 || s.Lost[account.Damaged] != 0 {
			t.Errorf("%+v kept, %+v dropped, %+v", kept, dropped, s)
		}
	})
}
