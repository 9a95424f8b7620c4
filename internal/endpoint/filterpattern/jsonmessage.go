package filterpattern

// scan is one pass over a message for a selection.
type scan struct {
	selection *selection
	results   results // conditions that hold
	aside     results // conditions that hold for the current value of a wildcard

	// The values for which conditions hold, by number, and the same for those aside; nil if they
	// are not needed.
	texts, textsAside []string
}

// level is an array or object around the current position that has a place.
type level struct {
	place *place
	next  int // index of the next element
}

// message scans a message from left to right and reports whether it is a JSON object. It leaves the
// conditions that hold in results.
func (s *scan) message(text string) bool {
	i := skipSpace(text, 0)
	if i == len(text) || text[i] != '{' {
		return false
	}
	var open nesting
	var few [4]level // enough for most selectors
	live := few[:0]  // open levels, outermost first; below one without a place, none has one
	at := s.selection.root
	for {
		// A value begins at i. at is its place; nil = no selector refers to it.
		if i == len(text) {
			return false
		}
		c := text[i]
		opened := c == '{' || c == '['
		end := i + 1
		if !opened {
			if end = s.scalar(text, i, at); end < 0 {
				return false
			}
		} else {
			if open.depth == maxNesting {
				return false
			}
			if at != nil {
				s.begin(at, kindContainer, "")
				live = append(live, level{place: at})
			}
			open.push(c == '{')
		}

		// After it comes its first member or element, the next value, or the end of an enclosing
		// level.
		for {
			i = skipSpace(text, end)
			if open.depth == 0 {
				return i == len(text)
			}
			if i == len(text) {
				return false
			}
			if text[i] != open.closing() {
				break
			}
			if len(live) == open.depth {
				s.end(live[len(live)-1].place)
				live = live[:len(live)-1]
			}
			open.pop()
			opened = false
			end = i + 1
		}
		if !opened {
			if text[i] != ',' {
				return false
			}
			i = skipSpace(text, i+1)
		}
		var around *level
		if len(live) == open.depth {
			around = &live[len(live)-1]
		}
		if open.inObject() {
			if i, at = member(text, i, around); i < 0 {
				return false
			}
		} else if at = nil; around != nil {
			at = around.place.element(around.next)
			around.next++
		}
	}
}

// member scans the name of a member and the colon. It returns the position of the value, and its
// place.
func member(text string, i int, around *level) (int, *place) {
	if i == len(text) || text[i] != '"' {
		return -1, nil
	}
	end, escaped := skipString(text, i+1)
	if end < 0 {
		return -1, nil
	}
	name := text[i+1 : end]
	if i = skipSpace(text, end+1); i == len(text) || text[i] != ':' {
		return -1, nil
	}
	i = skipSpace(text, i+1)
	if around == nil {
		return i, nil
	}
	if escaped {
		name = unescape(name)
	}
	return i, around.place.member(name)
}

// scalar scans a string, a number, true, false or null, and returns the position after it.
func (s *scan) scalar(text string, i int, at *place) (end int) {
	k, escaped := kindNumber, false
	switch text[i] {
	case '"':
		k = kindString
		if end, escaped = skipString(text, i+1); end >= 0 {
			end++
		}
	case 't':
		k, end = kindTrue, skipWord(text, i, "true")
	case 'f':
		k, end = kindFalse, skipWord(text, i, "false")
	case 'n':
		k, end = kindNull, skipWord(text, i, "null")
	default:
		end = skipNumber(text, i)
	}
	if at == nil || end < 0 {
		return end
	}
	value := text[i:end]
	if k == kindString {
		value = text[i+1 : end-1]
		if escaped && len(at.conditions) > 0 {
			value = unescape(value)
		}
	}
	s.begin(at, k, value)
	s.end(at)
	return end
}

// begin handles the beginning of a value that has a place.
func (s *scan) begin(at *place, k kind, text string) {
	if at.forget != nil {
		s.results.remove(at.forget)
	}
	if at.forgetAside != nil {
		s.aside.remove(at.forgetAside)
	}
	for _, i := range at.conditions {
		if !s.selection.conditions[i].holds(k, text) {
			continue
		}
		found, texts := &s.results, s.texts
		if s.selection.wild.has(i) {
			found, texts = &s.aside, s.textsAside
		}
		found.add(i)
		if texts != nil {
			texts[i] = text
		}
	}
}

// end handles the end of a value that has a place.
func (s *scan) end(at *place) {
	if at.endsAside == nil {
		return
	}
	for i := range s.textsAside {
		if at.endsAside.has(i) && s.aside.has(i) && !s.results.has(i) {
			s.texts[i] = s.textsAside[i]
		}
	}
	s.results.move(&s.aside, at.endsAside)
}
