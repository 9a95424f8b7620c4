package filterpattern

import "strings"

// wildcard is a text in which * matches any text.
type wildcard struct {
	parts []string // texts between the stars; a single one without stars
}

func newWildcard(text string) wildcard { return wildcard{strings.Split(text, "*")} }

// literal reports whether there is no star.
func (w wildcard) literal() bool { return len(w.parts) == 1 }

// match reports whether the whole text matches. The first occurrence of each part is sufficient,
// since the first and the last part are anchored to the ends.
func (w wildcard) match(text string) bool {
	first, last := w.parts[0], w.parts[len(w.parts)-1]
	if w.literal() {
		return text == first
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range w.parts[1 : len(w.parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}
