package faulttest_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch"
)

// producer is one goroutine's worth of log calls.
type producer struct {
	o      *oracle
	id     int
	writer *cloudwatch.Writer // nil: it logs records
	forgot int                // notes that were settled and thrown away
	notes  []note
	tally  tally // of those that were thrown away
}

// producer returns a new one, which logs records, or lines if it is a writer.
func (o *oracle) producer(writer bool) *producer {
	p := &producer{o: o, id: len(o.producers)}
	if writer {
		p.writer = o.Writer()
	}
	o.producers = append(o.producers, p)
	return p
}

// logged is the number of events so far, and so the number of the next one.
func (p *producer) logged() int { return p.forgot + len(p.notes) }

// log logs one event. Its message holds the payload and whatever the oracle
// needs to know it again. A line of a writer has no level and no time given.
func (p *producer) log(level slog.Level, at time.Time, payload string) error {
	message := p.o.message(p.id, p.logged(), payload)
	n := note{level: levelIndex(level), ms: max(at.UnixMilli(), 0), ahead: time.Until(at) > 2*time.Hour}
	var err error
	if p.writer != nil {
		n.level, n.ms = noLevel, time.Now().UnixMilli()
		_, err = p.writer.WriteString(message + "\n")
		n.span = int32(time.Now().UnixMilli() - n.ms)
	} else {
		err = p.o.Handle(context.Background(), slog.NewRecord(at, level, message, 0))
	}
	switch {
	case err == nil && p.writer != nil && p.o.tooLarge(message):
		n.fate = large
	case err == nil && p.writer != nil:
		n.fate = unsure
	case err == nil:
		n.fate = kept
	case errors.Is(err, cloudwatch.ErrBufferFull):
		n.fate = full
	case errors.Is(err, cloudwatch.ErrOversize):
		n.fate = large
	case errors.Is(err, cloudwatch.ErrClosed):
		n.fate = late
	default:
		n.fate = strange
	}
	if n.fate == large && p.o.closing.Load() {
		n.fate = largeLate
	}
	p.notes = append(p.notes, n)
	return err
}

// tooLarge tells what a Writer does not: the line is dropped.
func (o *oracle) tooLarge(message string) bool {
	most := 1_048_550
	if o.opts.BufferBytes > 0 {
		most = min(most, o.opts.BufferBytes)
	}
	if o.opts.MaxEventBytes > 0 {
		most = o.opts.MaxEventBytes
	}
	return len(repaired(message)) > most
}

func levelIndex(level slog.Level) int8 {
	switch {
	case level < slog.LevelInfo:
		return 0
	case level < slog.LevelWarn:
		return 1
	case level < slog.LevelError:
		return 2
	default:
		return 3
	}
}

// message writes who logged it, which one it is, the payload, and a checksum
// of all that as the service gets it: with U+FFFD for each invalid byte.
func (o *oracle) message(producer, number int, payload string) string {
	if o.asJSON {
		text, _ := json.Marshal(payload) // a string always encodes
		m := `{"p":` + strconv.Itoa(producer) + "," + o.numbered(number) + `,"x":` + string(text)
		return m + `,"sum":"` + checksum(m) + `"}`
	}
	m := "p" + strconv.Itoa(producer) + " " + o.numbered(number) + " " + payload
	return m + " sum=" + checksum(repaired(m))
}

// checksum is 8 hexadecimal digits.
func checksum(text string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text)))
	return hex.EncodeToString(sum)
}

// numbered is the part of a message that only the events of one number have.
func (o *oracle) numbered(number int) string {
	if o.asJSON {
		return `"s":` + strconv.Itoa(number)
	}
	return "s" + strconv.Itoa(number)
}

// repaired is the text with U+FFFD for each invalid byte.
func repaired(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// parse is the opposite of message. It also undoes the mark of an event that
// was sent with another time; from is its true time then.
func (o *oracle) parse(message string) (producer, number int, from time.Time, err error) {
	open, end := " [restamped from ", "]"
	sum, sumEnd := " sum=", ""
	start, next, after := "p", " s", " "
	if o.asJSON {
		open, end = `,"restamped":"`, `"}`
		sum, sumEnd = `,"sum":"`, `"}`
		start, next, after = `{"p":`, `,"s":`, ","
	}
	if i := strings.LastIndex(message, open); i >= 0 && strings.HasSuffix(message, end) {
		const layout = "2006-01-02T15:04:05.000Z"
		from, err = time.Parse(layout, message[i+len(open):len(message)-len(end)])
		if err != nil {
			return 0, 0, from, fmt.Errorf("restamped: %w", err)
		}
		message = message[:i]
		if o.asJSON {
			message += "}"
		}
	}
	i := strings.LastIndex(message, sum)
	if i < 0 {
		return 0, 0, from, errors.New("no checksum")
	}
	if want := checksum(message[:i]) + sumEnd; message[i+len(sum):] != want {
		return 0, 0, from, fmt.Errorf("wrong checksum, want %s", want)
	}
	who, rest, _ := strings.Cut(strings.TrimPrefix(message, start), next)
	which, _, _ := strings.Cut(rest, after)
	producer, err = strconv.Atoi(who)
	if err == nil {
		number, err = strconv.Atoi(which)
	}
	return producer, number, from, err
}
