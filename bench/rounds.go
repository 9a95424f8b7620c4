package main

import (
	"context"
	"slices"
	"time"
)

// round holds the samples of one round. A failed run of a peer has no sample.
type round map[key][]sample

// runner runs the rounds.
type runner struct {
	processes *processes
	progress  progress
}

// rounds runs the jobs in up to atMost rounds; it starts no round that would end after until. It
// fails if a lossless contender loses events or fails; peers may do both.
func (r runner) rounds(ctx context.Context, jobs []job, atMost int, until time.Time) (done []round, err error) {
	defer r.progress.clear()
	for len(done) < atMost {
		began := time.Now()
		one := round{}
		for i, j := range jobs {
			if j.rounds > 0 && len(done) >= j.rounds {
				continue
			}
			r.progress.show("round %d of %d, %d of %d  %s", len(done)+1, atMost, i+1, len(jobs), j.key)
			s, err := r.processes.run(ctx, j)
			switch {
			case err == nil:
				one[j.key] = append(one[j.key], s)
			case ctx.Err() != nil:
				return done, ctx.Err()
			case slices.Contains(peers, j.contender):
				r.progress.say("%v", err)
			default:
				return done, err
			}
		}
		done = append(done, one)
		if took := time.Since(began); time.Now().Add(took).After(until) && len(done) < atMost {
			r.progress.say("no time for another round of %v", took.Round(time.Second))
			break
		}
	}
	return done, nil
}
