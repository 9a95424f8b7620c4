package killtest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"strconv"
	"strings"
)

// Event says which event a message is.
type Event struct {
	Run       int
	Goroutine int
	Seq       uint64 // 1, 2, 3... of the goroutine
}

// Keys of the attributes of an event, in this order.
const (
	KeyRun       = "producer"
	KeyGoroutine = "goroutine"
	KeySeq       = "seq"
	KeyHash      = "hash"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Hash ties the text of an event to its numbers.
func (e Event) Hash(text string) uint32 {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[0:], uint64(e.Run))
	binary.LittleEndian.PutUint64(b[8:], uint64(e.Goroutine))
	binary.LittleEndian.PutUint64(b[16:], e.Seq)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, []byte(text))
}

var (
	plain = strings.Repeat("It was a dark and stormy night; the rain fell in torrents. ", 1200)
	odd   = strings.Repeat(`"quoted","producer":1}`+"\n\t\\ <b>&amp; \u2028\x00\x7f \u00e4\u20ac\U0001f600 ", 8)
)

// Text is what the goroutine logs as number seq: short as a rule, now and then long,
// or full of what has to be escaped; or always long.
func Text(seq uint64, long bool) string {
	switch mix := seq * 0x9e3779b97f4a7c15 >> 40; {
	case long || mix%2003 == 0:
		return plain[:2000+mix%60000]
	case mix%67 == 0:
		return odd
	default:
		return plain[:1+mix%120]
	}
}

// Parse takes the message of an event apart, as slog's JSON has it, and checks the
// hash.
func Parse(message string) (Event, error) {
	const before, after = `,"level":"INFO","msg":"`, `","` + KeyRun + `":`
	from, to := strings.Index(message, before), strings.LastIndex(message, after)
	if from < 0 || to < from {
		return Event{}, errors.New("it has another form")
	}
	text, rest := message[from+len(before):to], message[to+len(after):]
	if strings.Contains(text, `\`) {
		if err := json.Unmarshal([]byte(`"`+text+`"`), &text); err != nil {
			return Event{}, err
		}
	}
	var numbers [4]uint64
	for i, end := range [...]string{`,"` + KeyGoroutine + `":`, `,"` + KeySeq + `":`, `,"` + KeyHash + `":`, `}`} {
		digits, others, _ := strings.Cut(rest, end)
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return Event{}, err
		}
		numbers[i], rest = n, others
	}
	e := Event{int(numbers[0]), int(numbers[1]), numbers[2]}
	if rest != "" || uint64(e.Hash(text)) != numbers[3] {
		return e, errors.New("its hash is wrong")
	}
	return e, nil
}
