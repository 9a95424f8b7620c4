package batch

// Arrived visits the events in the order they were added, sealed or not, starting with the nth,
// until visit returns false.
func (b *Batch) Arrived(nth int, visit func(Event) bool) {
	if !b.sorted {
		for i := nth; i < len(b.index) && visit(b.Event(i)); i++ {
		}
		return
	}
	places := make([]int, len(b.index))
	for i, e := range b.index {
		places[e.nth] = i
	}
	for _, i := range places[min(nth, len(places)):] {
		if !visit(b.Event(i)) {
			return
		}
	}
}
