package filterpattern

import "strings"

// wildcard is a text in which * stands for any text.
type wildcard struct {
	parts []string // what is between the stars; one without any
}

func newWildcard(text string) wildcard { return wildcard{strings.Split(text, "*")} }

// literal tells whether there is no star.
func (w wildcard) literal() bool { return len(w.parts) == 1 }

// match tells whether all of the text fits. Taking each part where it occurs
// first is enough, since the first and the last one are fixed to the ends.
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
