package segment_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

const copyBytes = segment.HeaderBytes / 2

func example() segment.Header {
	return segment.Header{
		ID: 0x1122334455667788, Producer: 0xcafebabe12345678, Number: 3, Hot: true, Size: 8 << 20,
		Created: time.UnixMilli(1763812800123).UTC(), Boot: "3f2c8a10-7d4e-4b6f-9a51-0c8e6d2b7f13", PID: 4711,
		Program: "shop", Writer: "v1.2.3", Region: "eu-central-1", Endpoint: "https://logs.example.com",
		Group: "/shop/orders", Stream: "host/größer",
	}
}

func encode(t testing.TB, h segment.Header) []byte {
	t.Helper()
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != segment.HeaderBytes || !bytes.Equal(b[:copyBytes], b[copyBytes:]) {
		t.Fatalf("%d bytes, not two copies", len(b))
	}
	return b
}

// used returns the length of the part of a copy that the checksum covers.
func used(b []byte) int { return 20 + int(little.Uint32(b[12:])) }

// sign makes the checksum of a copy valid.
func sign(b []byte) { little.PutUint32(b[16:], checksum(b[:used(b)], 16)) }

func TestHeaderRoundTrip(t *testing.T) {
	long := strings.Repeat("\U0001F600", 512)
	for name, change := range map[string]func(h *segment.Header){
		"usual":          func(h *segment.Header) {},
		"zero":           func(h *segment.Header) { *h = segment.Header{} },
		"not hot":        func(h *segment.Header) { h.Hot = false },
		"copy":           func(h *segment.Header) { h.Hot, h.Copy = false, true },
		"grows":          func(h *segment.Header) { h.Hot, h.Grows = false, true },
		"longest names":  func(h *segment.Header) { h.Group, h.Stream = long, long },
		"unusual names":  func(h *segment.Header) { h.Group, h.Stream = "../../x\x00", "\xff\\CON" },
		"largest":        func(h *segment.Header) { h.ID, h.Producer, h.Number = 1<<64-1, 1<<64-1, 1<<32-1 },
		"before 1970":    func(h *segment.Header) { h.Created = time.UnixMilli(-1).UTC() },
		"all diagnostic": func(h *segment.Header) { h.Boot = strings.Repeat("b", 256); h.Program, h.Writer = h.Boot, h.Boot },
	} {
		t.Run(name, func(t *testing.T) {
			h := example()
			change(&h)
			got, err := segment.DecodeHeader(encode(t, h))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, &h) {
				t.Errorf("got %+v, want %+v", got, h)
			}
		})
	}
}

func TestHeaderCutsDiagnostics(t *testing.T) {
	h := example()
	h.Program = strings.Repeat("p", 1000)
	h.Writer = strings.Repeat("w", 255) + "ß" // its second byte would be at 256
	h.Boot = strings.Repeat("\x80", 300)      // no byte starts a character
	got, err := segment.DecodeHeader(encode(t, h))
	if err != nil {
		t.Fatal(err)
	}
	if got.Program != h.Program[:256] || got.Writer != h.Writer[:255] || got.Boot != "" {
		t.Errorf("got %q, %q, %q", got.Program, got.Writer, got.Boot)
	}
	if got.Group != h.Group || got.Stream != h.Stream {
		t.Errorf("the destination was changed: %+v", got)
	}
}

// TestHeaderRoom finds the longest destination that is accepted: with full diagnostics it must
// fill the copy to the last byte, and one byte more must be an error.
func TestHeaderRoom(t *testing.T) {
	full := strings.Repeat("x", 256)
	h := segment.Header{Boot: full, Program: full, Writer: full, Region: full}
	for n := copyBytes; n > 0; n-- {
		h.Group = strings.Repeat("g", n)
		b, err := h.Encode()
		if err != nil {
			continue
		}
		if used(b) != copyBytes {
			t.Errorf("with a group of %d bytes the copy has %d of %d bytes", n, used(b), copyBytes)
		}
		got, err := segment.DecodeHeader(b)
		if err != nil || !reflect.DeepEqual(*got, func() segment.Header { h.Created = got.Created; return h }()) {
			t.Errorf("got %v, %v", got, err)
		}
		return
	}
	t.Fatal("nothing fits")
}

// TestHeaderSurvivesDamageToOneCopy also checks that a header is never misread when both copies
// have the same damage.
func TestHeaderSurvivesDamageToOneCopy(t *testing.T) {
	h := example()
	b := encode(t, h)
	n := used(b)
	decodes := func(what string, at int) {
		t.Helper()
		if got, err := segment.DecodeHeader(b); err != nil || !reflect.DeepEqual(got, &h) {
			t.Errorf("%s, byte %d: %+v, %v", what, at, got, err)
		}
	}
	for at := range copyBytes {
		for _, flip := range []byte{0xff, 1, 0x80} {
			b[at] ^= flip
			decodes("first copy", at)
			b[at+copyBytes] ^= flip
			if at >= n {
				decodes("both, after the body", at)
			} else if got, err := segment.DecodeHeader(b); err != segment.ErrDamaged {
				t.Errorf("byte %d of both: %+v, %v", at, got, err)
			}
			b[at] ^= flip
			decodes("second copy", at)
			b[at+copyBytes] ^= flip
		}
	}
}

func TestIncompleteHeaders(t *testing.T) {
	b := encode(t, example())
	n := used(b)
	for length := range len(b) + 1 {
		_, err := segment.DecodeHeader(b[:length])
		switch {
		case length == 0 && err != segment.ErrUnwritten,
			0 < length && length < n && err != segment.ErrDamaged,
			length >= n && err != nil:
			t.Errorf("%d bytes: %v", length, err)
		}
	}
	for _, length := range []int{1, 20, copyBytes, segment.HeaderBytes, 2 * segment.HeaderBytes} {
		if _, err := segment.DecodeHeader(make([]byte, length)); err != segment.ErrUnwritten {
			t.Errorf("%d zeros: %v", length, err)
		}
	}
	// Bytes after the header are not considered.
	behind := append(make([]byte, segment.HeaderBytes), 1)
	if _, err := segment.DecodeHeader(behind); err != segment.ErrUnwritten {
		t.Errorf("zeros and other data: %v", err)
	}
	clear(b[:copyBytes])
	clear(b[copyBytes+100:])
	if _, err := segment.DecodeHeader(b); err != segment.ErrDamaged {
		t.Errorf("zeros and half a copy: %v", err)
	}
}

func TestVersions(t *testing.T) {
	const unreadable = 0
	for _, test := range []struct {
		name             string
		version, minimum uint16
		readable         bool
	}{
		{"current", 1, 1, true},
		{"newer and compatible", 2, 1, true},
		{"much newer and compatible", 0xffff, 1, true},
		{"newer", 2, 2, false},
		{"much newer", 0xffff, 0x100, false},
		{"no minimum", 1, unreadable, false},
		{"version zero", 0, 1, false},
		{"nothing", 0, 0, false},
		{"contradiction", 1, 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := example()
			b := encode(t, h)
			for at := 0; at < len(b); at += copyBytes {
				c := b[at : at+copyBytes]
				little.PutUint16(c[8:], test.version)
				little.PutUint16(c[10:], test.minimum)
				copy(c[used(c):], "more of the body")
				little.PutUint32(c[12:], little.Uint32(c[12:])+16)
				sign(c)
			}
			check := func() {
				t.Helper()
				got, err := segment.DecodeHeader(b)
				var version *segment.VersionError
				switch {
				case test.readable && (err != nil || !reflect.DeepEqual(got, &h)):
					t.Errorf("got %+v, %v", got, err)
				case !test.readable && !errors.As(err, &version):
					t.Errorf("got %+v, %v", got, err)
				case !test.readable && *version != segment.VersionError{Version: test.version, Minimum: test.minimum}:
					t.Errorf("got %+v", version)
				}
			}
			check()
			b[9] ^= 1 // the other copy still has the version
			check()
			b[copyBytes+9] ^= 1
			if _, err := segment.DecodeHeader(b); err != segment.ErrDamaged {
				t.Errorf("an unverified version: %v", err)
			}
		})
	}
}

// TestMalformedHeaders has valid checksums over malformed bodies.
func TestMalformedHeaders(t *testing.T) {
	for name, change := range map[string]func(b []byte){
		"body too short":              func(b []byte) { little.PutUint32(b[12:], 35) },
		"no strings":                  func(b []byte) { little.PutUint32(b[12:], 36) },
		"half a length":               func(b []byte) { little.PutUint32(b[12:], 37) },
		"last string cut":             func(b []byte) { little.PutUint32(b[12:], little.Uint32(b[12:])-1) },
		"string longer than the body": func(b []byte) { little.PutUint16(b[64:], 0xffff) },
		"string one byte too long":    func(b []byte) { little.PutUint16(b[64:], uint16(used(b)-66+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(t, example())
			change(b)
			sign(b)
			copy(b[copyBytes:], b[:copyBytes])
			if got, err := segment.DecodeHeader(b); err != segment.ErrDamaged {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A power cut may bring back a page of an older file.
func TestNewerCopyWins(t *testing.T) {
	this, older := example(), example()
	older.ID, older.Created = 5, this.Created.Add(-time.Millisecond)
	future := encode(t, example())
	little.PutUint16(future[8:], 2)
	little.PutUint16(future[10:], 2)
	sign(future)
	for _, old := range [][]byte{encode(t, older), future} {
		for place := 0; place < segment.HeaderBytes; place += copyBytes {
			b := encode(t, this)
			copy(b[place:], old[:copyBytes])
			if got, err := segment.DecodeHeader(b); err != nil || !reflect.DeepEqual(got, &this) {
				t.Errorf("at %d: got %+v, %v", place, got, err)
			}
		}
	}
}

// A password in the endpoint URL would stay on the disk and appear in the errors of other
// processes.
func TestHeaderHasNoPassword(t *testing.T) {
	h := example()
	h.Endpoint = "http://user:hush@localhost:4586"
	if b := encode(t, h); bytes.Contains(b, []byte("hush")) {
		t.Error("the password was written")
	}

	h.Endpoint = "http://user:hush#localhost:4586" // older versions wrote an @ there
	b := bytes.ReplaceAll(encode(t, h), []byte("hush#"), []byte("hush@"))
	sign(b[:copyBytes])
	sign(b[copyBytes:])
	got, err := segment.DecodeHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Endpoint != "http://localhost:4586" {
		t.Errorf("endpoint %q", got.Endpoint)
	}
}
