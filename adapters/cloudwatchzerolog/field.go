package cloudwatchzerolog

import "bytes"

// field returns the value of the last field with that name at the top level of a line, nil if
// there is none. The name must be one that JSON writes without escapes.
//
// zerolog writes no blanks between name and value, and times usually come near the end. So
// it looks for the first text that may be the field, and scans from there. How deep in the
// object that was is known at the end, where the depth is 0.
func field(line []byte, name string) (value []byte) {
	var space [64]byte
	key := append(append(append(space[:0], '"'), name...), `":`...)
	i := 0
	for {
		n := bytes.Index(line[i:], key)
		if n < 0 {
			return nil
		}
		if i += n; i == 0 || line[i-1] != '\\' {
			break // otherwise the quote is inside of a string
		}
		i++
	}
	depth, at := 0, 0 // relative to the text found, and that of the value
	for i < len(line) {
		switch line[i] {
		case '"':
			if depth <= at && bytes.HasPrefix(line[i:], key) {
				i += len(key)
				at, value = depth, line[i:i+endOfValue(line[i:])]
				i += len(value)
				continue
			}
			i = endOfString(line, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
	}
	if at-depth != 1 {
		return nil
	}
	return value
}

// endOfString returns where the string that begins at i ends.
func endOfString(line []byte, i int) int {
	for i++; i < len(line); i++ {
		n := bytes.IndexByte(line[i:], '"')
		if n < 0 {
			return len(line)
		}
		i += n
		backslashes := 0
		for line[i-1-backslashes] == '\\' { // the string began with a quote
			backslashes++
		}
		if backslashes%2 == 0 {
			return i + 1
		}
	}
	return len(line)
}

// endOfValue returns the length of the string or number that a text begins with, 0 for an
// object or array: times and levels are neither.
func endOfValue(text []byte) (n int) {
	if len(text) > 0 && text[0] == '"' {
		return endOfString(text, 0)
	}
	for n < len(text) && bytes.IndexByte([]byte(",{}[]"), text[n]) < 0 {
		n++
	}
	return n
}

// unquoted returns what is between the quotes of a string without escapes.
func unquoted(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}
