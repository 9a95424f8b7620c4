package segment_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

var (
	damageCases = flag.Int("damage-cases", 20_000/slow, "how many randomly damaged segments TestRandomDamage reads")
	damageSeed  = flag.Uint64("damage-seed", 0, "first seed of the random damage; 0 picks one")
)

// TestRandomDamage reads segments with several kinds of damage at once: exactly the records
// whose bytes are unchanged are found, and the others are counted.
func TestRandomDamage(t *testing.T) {
	t.Parallel()
	seed := *damageSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	var f, stale *file
	lost := 0
	for i := range *damageCases {
		rng := newRand(seed + uint64(i))
		if i%100 == 0 {
			size := segment.Start + (8<<10)<<(i/100%4)
			f, stale = newFile(t, rng, size, 300), newFile(t, rng, size, 0)
			stale.header.Created = f.header.Created.Add(-time.Millisecond)
			page := encode(t, stale.header)
			copy(stale.bytes, page)
		}
		damaged := bytes.Clone(f.bytes)
		for range 1 + rng.IntN(4) {
			damaged = damage(rng, damaged, f, stale)
		}
		for _, err := range []error{f.check(damaged), f.checkAcks(damaged), f.checkHeader(damaged, stale)} {
			if err != nil {
				t.Fatalf("-damage-seed %d -damage-cases %d: case %d: %v", seed, i+1, i, err)
			}
		}
		if len(f.scan(damaged)) < len(f.records) {
			lost++
		}
	}
	if lost < *damageCases/3 {
		t.Errorf("only %d of %d cases lost a record", lost, *damageCases)
	}
}

// checkHeader verifies that the header is found if one copy is intact. If both were
// overwritten, the result may be the header of the older file.
func (f *file) checkHeader(damaged []byte, stale *file) error {
	damaged = damaged[:min(len(damaged), segment.HeaderBytes)]
	h, err := segment.DecodeHeader(damaged)
	page := f.bytes[:copyBytes]
	intact := bytes.HasPrefix(damaged, page) || len(damaged) > copyBytes && bytes.HasPrefix(damaged[copyBytes:], page)
	switch {
	case intact && (err != nil || !reflect.DeepEqual(*h, f.header)):
		return fmt.Errorf("one copy is intact: header %+v, %v", h, err)
	case err == nil && !reflect.DeepEqual(*h, f.header) && !reflect.DeepEqual(*h, stale.header):
		return fmt.Errorf("header %+v was never written", h)
	}
	return nil
}

// damage applies one kind of damage.
func damage(rng *rand.Rand, b []byte, f, stale *file) []byte {
	if len(b) == 0 {
		return b
	}
	at := rng.IntN(len(b))
	n := 1 + rng.IntN(min(len(b)-at, 1<<rng.IntN(14)))
	page := 512 << (3 * rng.IntN(2))
	from := at / page * page
	to := min(from+page, len(b))
	switch rng.IntN(10) {
	case 0: // flipped bits
		for range 1 + rng.IntN(20) {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
	case 1: // a lost page
		clear(b[from:to])
	case 2: // an old page
		copy(b[from:to], behind(f.older[rng.IntN(len(f.older))], from))
	case 3: // noise
		for i := range n {
			b[at+i] = byte(rng.Uint32())
		}
	case 4: // truncated
		b = b[:max(at, rng.IntN(len(b)))]
	case 5: // a page of another file
		copy(b[from:to], behind(stale.bytes, from))
	case 6: // a duplicated page
		copy(b[from:to], f.bytes[rng.IntN(len(f.bytes))/page*page:])
	case 7: // bytes moved across page boundaries
		copy(b[at:at+n], f.bytes[rng.IntN(len(f.bytes)):])
	case 8: // a part in the middle removed
		copy(b[at:], b[at+n:])
	case 9: // data appended
		b = append(b, behind(f.bytes, at)[:min(n, len(behind(f.bytes, at)))]...)
	}
	return b
}

func behind(b []byte, at int) []byte { return b[min(at, len(b)):] }
