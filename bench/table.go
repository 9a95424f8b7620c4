package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table is one table of the report.
type table struct {
	title  string
	note   string
	header []string
	rows   [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// terminal formats the table for a terminal: text left-aligned, numbers right-aligned.
func (t table) terminal() string {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain(cell)))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", t.title)
	line := func(row []string) {
		var l strings.Builder
		for i, cell := range row {
			cell = plain(cell)
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				l.WriteString("  " + cell + space)
			} else {
				l.WriteString("  " + space + cell)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(t.header)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// plain strips Markdown markup.
func plain(cell string) string { return strings.NewReplacer("`", "", "**", "").Replace(cell) }

// markdown formats the table as Markdown.
func (t table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", t.title)
	if t.note != "" {
		fmt.Fprintf(&b, "%s\n\n", t.note)
	}
	line := func(row []string) {
		b.WriteString("|")
		for _, cell := range row {
			b.WriteString(" " + strings.ReplaceAll(cell, "|", `\|`) + " |")
		}
		b.WriteString("\n")
	}
	line(t.header)
	b.WriteString("| --- |" + strings.Repeat(" ---: |", len(t.header)-1) + "\n")
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}
