package filterpattern

import "slices"

// selection is a set of selectors and conditions on their values, prepared for scanning messages.
type selection struct {
	selectors  []selector
	conditions []selectedCondition
	wild       results // conditions on selectors with a wildcard
	root       *place
	depth      int // number of steps in the longest selector
}

type selectedCondition struct {
	condition
	selector int
}

// prepare builds the tree of places after all selectors and conditions have been added.
func (s *selection) prepare() {
	routes := make([]route, len(s.selectors))
	for i := range s.selectors {
		routes[i].selector = i
		s.depth = max(s.depth, len(s.selectors[i].steps))
	}
	for i := range s.conditions {
		if s.selectors[s.conditions[i].selector].wild >= 0 {
			s.wild.add(i)
		}
	}
	s.root = s.place(routes, nil)
}

// place is a position in the structure of a message: which conditions apply to the value there, and
// which places are below it. The places of a selection form a tree, as values in a message do. A
// value that no selector refers to has no place.
type place struct {
	conditions []int // conditions on the value itself

	members     []namedPlace
	otherMember *place // for members that are not listed, if there is a wildcard

	elements     []numberedPlace
	otherElement *place

	// Of several members with the same name only the last one counts: when a value begins, the
	// results of an earlier one are cleared.
	forget *results
	// Results for one of the values of a wildcard are kept aside until that value ends, so that
	// only those can be cleared within it.
	forgetAside *results
	endsAside   *results
}

type namedPlace struct {
	name  string
	place *place
}

type numberedPlace struct {
	index int
	place *place
}

// member returns the place of a member; nil if it has none.
func (pl *place) member(name string) *place {
	for i := range pl.members {
		if pl.members[i].name == name {
			return pl.members[i].place
		}
	}
	return pl.otherMember
}

// element returns the place of an element; nil if it has none.
func (pl *place) element(index int) *place {
	for i := range pl.elements {
		if pl.elements[i].index == index {
			return pl.elements[i].place
		}
	}
	return pl.otherElement
}

// route is a selector of which some steps have been taken.
type route struct {
	selector, taken int
}

// place builds the place that routes lead to, and all places below it. elementOf are conditions on
// the enclosing array that one of its elements may satisfy: IS NULL.
func (s *selection) place(routes []route, elementOf []int) *place {
	if len(routes) == 0 && len(elementOf) == 0 {
		return nil
	}
	pl := &place{conditions: slices.Clone(elementOf)}
	var ahead []route
	var nulls []int
	for _, r := range routes {
		s.arrive(pl, r)
		if r.taken < len(s.selectors[r.selector].steps) {
			ahead = append(ahead, r)
			continue
		}
		for i := range s.conditions {
			if s.conditions[i].selector != r.selector {
				continue
			}
			pl.conditions = append(pl.conditions, i)
			if s.conditions[i].op == isNull {
				nulls = append(nulls, i)
			}
		}
	}
	// follow builds the place after a step: of the routes that take it, and of those that take any
	// step. [*] matches members as well as elements.
	follow := func(next step) *place {
		var taken []route
		for _, r := range ahead {
			if mine := s.selectors[r.selector].steps[r.taken]; mine == next || mine.any && (mine.array || !next.array) {
				taken = append(taken, route{r.selector, r.taken + 1})
			}
		}
		if next.array {
			return s.place(taken, nulls)
		}
		return s.place(taken, nil)
	}
	for _, r := range ahead {
		switch next := s.selectors[r.selector].steps[r.taken]; {
		case next.any:
		case next.array:
			if !slices.ContainsFunc(pl.elements, func(e numberedPlace) bool { return e.index == next.index }) {
				pl.elements = append(pl.elements, numberedPlace{next.index, follow(next)})
			}
		default:
			if !slices.ContainsFunc(pl.members, func(m namedPlace) bool { return m.name == next.name }) {
				pl.members = append(pl.members, namedPlace{next.name, follow(next)})
			}
		}
	}
	pl.otherMember = follow(step{any: true})
	pl.otherElement = follow(step{any: true, array: true})
	return pl
}

// arrive records at a place what the last step of a route means for the results of its conditions.
func (s *selection) arrive(pl *place, r route) {
	if r.taken == 0 {
		return
	}
	sel := &s.selectors[r.selector]
	last := r.taken - 1
	var mask **results
	switch {
	case sel.wild == last:
		mask = &pl.endsAside
	case sel.steps[last].array: // an index does not repeat
		return
	case sel.wild >= 0 && sel.wild < last:
		mask = &pl.forgetAside
	default:
		mask = &pl.forget
	}
	if *mask == nil {
		*mask = new(results)
	}
	for i := range s.conditions {
		if s.conditions[i].selector == r.selector {
			(*mask).add(i)
		}
	}
}
