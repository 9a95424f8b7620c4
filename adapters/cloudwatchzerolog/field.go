package cloudwatchzerolog

import "bytes"

// field returns the value of the last field of that name in the object that a line is, not
// those of objects in it; nil if there is none. The name must need no escape.
//
// zerolog writes no blanks between name and value, and times usually come near the end. So
// it looks for the first text that may be the field, and scans from there: how deep that was
// is known at the end, since the line ends outside of everything.
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
			break // otherwise the quote is one inside of a string
		}
		i++
	}
	const none = 1 << 30
	depth, at := 0, none // relative to the first text found
	for i < len(line) {
		switch line[i] {
		case '"':
			if depth <= at && bytes.HasPrefix(line[i:], key) {
				at, value = depth, line[i+len(key):]
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
	return value[:endOfValue(value)]
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

// endOfValue returns the length of the number or string that a text begins with.
func endOfValue(text []byte) int {
	if len(text) > 0 && text[0] == '"' {
		return endOfString(text, 0)
	}
	if n := bytes.IndexAny(text, ",}"); n >= 0 {
		return n
	}
	return len(text)
}

// unquoted returns what is between the quotes of a string without escapes.
func unquoted(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}
