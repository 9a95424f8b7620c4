package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/internal/account"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/segment"
)

// loggerMain is a program with a spool that is killed before it has sent anything, or
// lives until the file that -live names is removed.
//
//	logger [-ram DIR] [-live FILE] SPOOL GROUP STREAM LINE...
func loggerMain() {
	ram := flag.String("ram", "", "")
	live := flag.String("live", "", "")
	flag.Parse()
	w, err := cloudwatch.NewWriter(flag.Arg(1), &cloudwatch.Options{
		LogStream:     flag.Arg(2),
		Region:        "eu-central-1",
		Spool:         flag.Arg(0),
		SpoolOptions:  cloudwatch.SpoolOptions{RAM: *ram, Direct: *ram == "", MinFree: -1},
		FlushInterval: 24 * time.Hour,
	})
	must(err)
	for _, line := range flag.Args()[3:] {
		_, err := fmt.Fprintln(w, line)
		must(err)
	}
	if *live != "" {
		must(os.WriteFile(*live, nil, 0o600))
		for exists := true; exists; time.Sleep(10 * time.Millisecond) {
			_, err := os.Stat(*live)
			exists = err == nil
		}
	}
	self, err := os.FindProcess(os.Getpid())
	must(err)
	must(self.Kill())
	select {}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// cmdSegment writes a segment as a process leaves it. Settled are sequence numbers,
// which count from 1 on; a file that ends in .hot, .bad or .new is what its name says.
// Producer and number are those of the name. The arguments are
// what stands between quotes in Go.
//
// written is the number of records that the acks claim; time, size, level and raw are for
// the messages behind them, and raw has them taken for escaped.
//
//	segment FILE [group=NAME] [stream=NAME] [region=NAME] [endpoint=URL] [first=SEQ] [settled=FROM-TO]
//		[written=N] [time=MS] [size=N] [level=N] [raw=yes] MESSAGE...
func cmdSegment(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0, "segment FILE [KEY=VALUE...] MESSAGE...")
	path := ts.MkAbs(args[0])
	h := segment.Header{
		ID: rand.Uint64(), Created: time.Now(), Boot: "boot", PID: 4711, Program: "shop",
		Region: "eu-central-1", Endpoint: endpointOf(ts).URL, Group: "app", Stream: "web",
		Hot: strings.HasSuffix(path, ".hot"),
	}
	_, err := fmt.Sscanf(filepath.Base(path), "%16x-%8x", &h.Producer, &h.Number)
	ts.Check(err)
	acks := segment.Acks{Generation: 1}
	b := make([]byte, segment.Start, 64<<10)
	number, seq, written := uint32(0), uint64(0), uint32(0)
	given := segment.Record{Level: uint8(account.Warn)}
	raw := false
	atoi := func(value string) int64 {
		n, err := strconv.ParseInt(value, 10, 64)
		ts.Check(err)
		return n
	}
	for _, arg := range args[1:] {
		arg, err := strconv.Unquote(`"` + arg + `"`)
		ts.Check(err)
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "group":
			h.Group = value
		case "stream":
			h.Stream = value
		case "region":
			h.Region = value
		case "endpoint":
			h.Endpoint = value
		case "first":
			first, err := strconv.ParseUint(value, 10, 64)
			ts.Check(err)
			seq = first - 1
		case "settled":
			from, to, _ := strings.Cut(value, "-")
			first, err := strconv.ParseUint(from, 10, 64)
			ts.Check(err)
			last, err := strconv.ParseUint(cmp.Or(to, from), 10, 64)
			ts.Check(err)
			acks.Acked.Add(first, last+1)
		case "written":
			written = uint32(atoi(value))
		case "time":
			given.Time = atoi(value)
		case "size":
			given.Size = int(atoi(value))
		case "level":
			given.Level = uint8(atoi(value))
		case "raw":
			raw = true
		default:
			number++
			seq++
			r := given
			r.Seq, r.Time = seq, cmp.Or(given.Time, segmentTime+int64(seq)*1000)
			payload, size := encode.AppendMessage(nil, []byte(arg))
			if r.Payload, r.Size = payload, cmp.Or(given.Size, size); raw {
				r.Payload = []byte(arg)
			}
			b = segment.AppendRecord(b, h.ID, int64(len(b)), number, r)
		}
	}
	page, err := h.Encode()
	ts.Check(err)
	copy(b, page)
	acks.Written = cmp.Or(written, number)
	copy(b[segment.SlotOffset(acks.Generation):], acks.EncodeSlot(h.ID))
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, append(b, make([]byte, 4096)...), 0o600))
}

// segmentTime is a second before the first event that cmdSegment writes. The service
// takes no old ones.
var segmentTime = time.Now().Add(-time.Hour).UnixMilli()

// cmdDamage changes bytes of a file. header1 and header2 are the copies of the header,
// acks both slots, a number counts the bytes from the first record on.
func cmdDamage(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "damage FILE PLACE...")
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	for _, place := range args[1:] {
		switch place {
		case "header1":
			b[100] ^= 1
		case "header2":
			b[segment.HeaderBytes/2+100] ^= 1
		case "headers":
			clear(b[:segment.HeaderBytes])
		case "acks":
			b[segment.SlotOffset(0)] ^= 1
			b[segment.SlotOffset(1)] ^= 1
		case "newer": // of version 2
			for at := 0; at < segment.HeaderBytes; at += segment.HeaderBytes / 2 {
				h := b[at:]
				binary.LittleEndian.PutUint16(h[8:], 2)
				binary.LittleEndian.PutUint16(h[10:], 2)
				end := 20 + binary.LittleEndian.Uint32(h[12:])
				table := crc32.MakeTable(crc32.Castagnoli)
				binary.LittleEndian.PutUint32(h[16:], crc32.Update(crc32.Checksum(h[:16], table), table, h[20:end]))
			}
		default:
			at, err := strconv.Atoi(place)
			ts.Check(err)
			b[segment.Start+at] ^= 1
		}
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// removeHot removes the directories in RAM that belong to the spools in a directory.
func removeHot(dir string) {
	ids, _ := filepath.Glob(filepath.Join(dir, "*", "id")) // the pattern is right
	for _, path := range ids {
		if id, err := os.ReadFile(path); err == nil {
			_ = os.RemoveAll(fmt.Sprintf("/dev/shm/cloudwatch-%d-%s", os.Geteuid(), id))
		}
	}
}

// cmdSquat puts something in the place of the directory in RAM that belongs to a spool.
func cmdSquat(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "squat SPOOL owner|mode|link|file|gone")
	id := fmt.Sprintf("%016x", rand.Uint64())
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), "id"), []byte(id), 0o600))
	path := fmt.Sprintf("/dev/shm/cloudwatch-%d-%s", os.Geteuid(), id)
	switch args[1] {
	case "owner":
		ts.Check(errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "00000000000000aa-00000001.hot"), nil, 0o600), os.Chown(path, 12345, 12345)))
	case "mode":
		ts.Check(errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o777)))
	case "link":
		ts.Check(os.Symlink(ts.MkAbs("."), path))
	case "file":
		ts.Check(os.WriteFile(path, nil, 0o600))
	}
	ts.Defer(func() { _ = os.RemoveAll(path) })
	ts.Setenv("SQUATTED", path)
}

// cmdChown gives files to a user.
func cmdChown(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "chown UID FILE...")
	uid, err := strconv.Atoi(args[0])
	ts.Check(err)
	for _, name := range args[1:] {
		ts.Check(os.Chown(ts.MkAbs(name), uid, -1))
	}
}

// cmdWaitFile waits until a file exists.
func cmdWaitFile(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "waitfile FILE")
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s does not exist", args[0])
}

// cmdFiles prints the names of what is in a directory.
func cmdFiles(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "files DIR")
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		fmt.Fprintln(ts.Stdout(), e.Name())
	}
}
