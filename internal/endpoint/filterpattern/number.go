package filterpattern

import "cmp"

// number is an exact decimal number with any number of digits: a fraction in [0.1, 1) times ten to
// the exponent.
type number struct {
	negative bool
	digits   string // from the first non-zero digit, including the decimal point of the text; "" is zero
	exponent int
}

// maxExponent limits exponents. A text long enough to compensate for such an exponent does not fit
// into a log event.
const maxExponent = 1 << 30

// parseNumber parses digits with an optional sign, fraction and exponent, as in JSON and in
// patterns.
func parseNumber(text string) (number, bool) {
	var n number
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		n.negative = text[i] == '-'
		i++
	}
	whole := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	point := i
	if i == whole {
		return number{}, false
	}
	if i < len(text) && text[i] == '.' {
		i++
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		if i == point+1 {
			return number{}, false
		}
	}
	end := i
	exponent, ok := parseExponent(text[i:])
	if !ok {
		return number{}, false
	}
	first := whole
	for first < end && (text[first] == '0' || text[first] == '.') {
		first++
	}
	if first == end {
		return number{}, true // zero has no sign
	}
	n.digits = text[first:end]
	n.exponent = exponent + point - first
	if first > point {
		n.exponent++ // the decimal point is not a digit
	}
	return n, true
}

// parseExponent parses an optional exponent.
func parseExponent(text string) (int, bool) {
	if text == "" {
		return 0, true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	text = text[1:]
	sign := 1
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	n := 0
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = min(n*10+int(text[i]-'0'), maxExponent)
	}
	return sign * n, text != ""
}

// compare returns -1, 0 or 1, as cmp.Compare does.
func (a number) compare(b number) int {
	switch {
	case a.sign() != b.sign():
		return cmp.Compare(a.sign(), b.sign())
	case a.negative:
		return b.compareSize(a)
	}
	return a.compareSize(b)
}

func (a number) sign() int {
	switch {
	case a.digits == "":
		return 0
	case a.negative:
		return -1
	}
	return 1
}

// compareSize compares absolute values.
func (a number) compareSize(b number) int {
	if a.exponent != b.exponent {
		return cmp.Compare(a.exponent, b.exponent)
	}
	for i, j := 0, 0; i < len(a.digits) || j < len(b.digits); {
		var x, y byte
		x, i = digit(a.digits, i)
		y, j = digit(b.digits, j)
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}

// digit returns the digit at i and the position of the next one. It skips the decimal point; after
// the end it returns zero.
func digit(digits string, i int) (byte, int) {
	if i < len(digits) && digits[i] == '.' {
		i++
	}
	if i >= len(digits) {
		return '0', i
	}
	return digits[i], i + 1
}
