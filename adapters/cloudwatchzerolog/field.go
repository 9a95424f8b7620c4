package cloudwatchzerolog

import "bytes"

// field returns the value of the last field with the given name at the top level of a line, nil if
// there is none. The name must not need escapes in JSON.
//
// zerolog writes no blanks between name and value, and the time is usually near the end. So field
// searches for the first text that may be the field and scans only from there. It learns the depth
// of that text at the end of the line, where the depth is 0.
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
			break // otherwise the quote is inside a string
		}
		i++
	}
	depth, at := 0, 0 // relative to the start of the scan; at is that of value
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

// endOfString returns the index after the string that begins at i.
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

// endOfValue returns the length of the string or number at the start of text, 0 for an object or
// array.
func endOfValue(text []byte) (n int) {
	if len(text) > 0 && text[0] == '"' {
		return endOfString(text, 0)
	}
	for n < len(text) && bytes.IndexByte([]byte(",{}[]"), text[n]) < 0 {
		n++
	}
	return n
}

// unquoted strips the quotes of a string without escapes.
func unquoted(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}
