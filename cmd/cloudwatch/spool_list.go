package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/segment"
	"github.com/cloudwatch-go/cloudwatch/internal/spool"
)

// listSpool lists the files by destination. It fails if a file cannot be opened, but not for corrupt
// files, which verify checks.
func (p *program) listSpool(ctx context.Context, d *spoolDir) error {
	files, err := d.survey(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, byDestination)
	rows := [][]string{{"FILE", "STATE", "PROGRAM", "EVENTS", "DAMAGED", "SIZE", "OLDEST", "NEWEST"}}
	for _, f := range files {
		rows = append(rows, f.row())
	}
	lines := columns(rows, 3, 4, 5) // right-aligned
	w := bufio.NewWriter(p.stdout)
	s := p.style()
	for i, f := range files {
		if i == 0 || where(f.header) != where(files[i-1].header) {
			fmt.Fprintf(w, "%s\n  %s\n", printable(where(f.header)), s.dim(lines[0]))
		}
		fmt.Fprintf(w, "  %s\n", lines[i+1])
		if i == len(files)-1 || where(f.header) != where(files[i+1].header) {
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintln(w, total(files))
	if err := w.Flush(); err != nil {
		return err
	}
	return p.nameUnopened(files)
}

// nameUnopened reports the files that could not be opened, which fail the command.
func (p *program) nameUnopened(files []*spoolFile) (err error) {
	for _, f := range files {
		if f.unopened() {
			newScreen(p.stderr).say(fmt.Sprintf("cloudwatch: %s: %v", f.name, f.err))
			err = exit(exitFailed)
		}
	}
	return err
}

func byDestination(a, b *spoolFile) int {
	if (a.header == nil) != (b.header == nil) { // files without a header come last
		return map[bool]int{true: 1, false: -1}[a.header == nil]
	}
	return cmp.Compare(where(a.header), where(b.header))
}

// where describes the destination of a segment.
func where(h *segment.Header) string {
	if h == nil {
		return "unknown destination"
	}
	return fmt.Sprintf("log group %s, log stream %s, region %s%s", h.Group, h.Stream, h.Region, at(h.Endpoint))
}

func at(endpoint string) string {
	if endpoint == "" {
		return ""
	}
	return ", endpoint " + endpoint
}

func (f *spoolFile) row() []string {
	r := []string{printable(f.name), f.state, "", "", "", size(f.bytes), "", ""}
	if spool.KindOf(f.name) == spool.Hot {
		r[1] += ", in RAM"
	}
	if f.header == nil {
		return r
	}
	r[2] = fmt.Sprintf("%s[%d]", printable(f.header.Program), f.header.PID)
	r[3], r[4] = count(int64(f.pending())), count(int64(f.Damaged))
	if f.pending() > 0 {
		r[6], r[7] = stamp(f.oldest), stamp(f.newest)
	}
	return r
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

func total(files []*spoolFile) string {
	var bytes int64
	var pending, damaged, inUse, unread int
	for _, f := range files {
		bytes += f.bytes
		pending += f.pending()
		damaged += f.Damaged
		if f.state == stateInUse {
			inUse++
		}
		if f.unread() {
			unread++
		}
	}
	s := fmt.Sprintf("%s, %s, %s to deliver", counted(int64(len(files)), "file", "files"), size(bytes), events(int64(pending)))
	if damaged > 0 {
		s += fmt.Sprintf(", %s damaged", count(int64(damaged)))
	}
	if inUse > 0 {
		s += fmt.Sprintf("; %s in use", counted(int64(inUse), "file", "files"))
	}
	if unread > 0 {
		s += fmt.Sprintf("; %s cannot be read", counted(int64(unread), "file", "files"))
	}
	return s
}

// columns formats rows as aligned columns; right lists the right-aligned ones.
func columns(rows [][]string, right ...int) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if slices.Contains(right, i) {
				cell = pad + cell
			} else {
				cell += pad
			}
			b.WriteString(cell + "  ")
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
