package hubclient

// packetIDs are the packet identifiers in use, and the publish that each belongs to. Twenty thousand in flight come and go in a
// few tens of milliseconds: two steps into a table take a fraction of a map's time, which would also move while it grows.
type packetIDs struct {
	pages [256]*packetIDPage
	used  int
	spare *packetIDPage // the last that became empty: one message after the other needs no new page
}

// packetIDPage are the identifiers with the same high byte.
type packetIDPage struct {
	publishes [256]*publish
	used      int
}

// reserved marks an identifier of a packet that is not a PUBLISH.
var reserved = new(publish)

// inUse reports whether an identifier is in use.
func (t *packetIDs) inUse(id uint16) bool {
	page := t.pages[id>>8]
	return page != nil && page.publishes[id&0xff] != nil
}

// find returns the publish of an identifier, nil if there is none.
func (t *packetIDs) find(id uint16) *publish {
	page := t.pages[id>>8]
	if page == nil || page.publishes[id&0xff] == reserved {
		return nil
	}
	return page.publishes[id&0xff]
}

// put takes an identifier that is free.
func (t *packetIDs) put(id uint16, p *publish) {
	page := t.pages[id>>8]
	if page == nil {
		if page, t.spare = t.spare, nil; page == nil {
			page = new(packetIDPage)
		}
		t.pages[id>>8] = page
	}
	page.publishes[id&0xff] = p
	page.used++
	t.used++
}

// free gives an identifier back, if it is taken.
func (t *packetIDs) free(id uint16) {
	page := t.pages[id>>8]
	if page == nil || page.publishes[id&0xff] == nil {
		return
	}
	page.publishes[id&0xff] = nil
	page.used--
	t.used--
	if page.used == 0 {
		t.pages[id>>8], t.spare = nil, page
	}
}
