package telemetry

import (
	"slices"

	"github.com/hubpanel/hubpanel/internal/savefile"
)

// Save fills in the composer's and the streams' part of the session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	c, f := &room.state.composer, &d.Settings
	f.Telemetry, f.QoS0, f.Properties = c.body.Text, c.qos0, savefile.FromBag(c.properties.List())
	f.System = make([]savefile.Property, 0, len(c.system.rows))
	for _, row := range c.system.rows {
		value := row.value.Text
		f.System = append(f.System, savefile.Property{Name: row.key, Value: &value})
	}
	d.Streams = make([]savefile.Stream, 0, len(room.state.streams.list))
	for _, st := range room.state.streams.list {
		d.Streams = append(d.Streams, st.save())
	}
}

// Restore fills in the composer and the streams from a session file. Version 1 has no streams, and of the system properties only the two
// that describe the body. The lock is held.
func (room *Room) Restore(d *savefile.Document) {
	c, f := &room.state.composer, &d.Settings
	c.body.Set(f.Telemetry)
	c.qos0 = f.QoS0
	c.properties.Replace(savefile.Bag(f.Properties))
	c.system = systemRows{}
	if d.Version == 1 {
		c.system.set("$.ct", f.ContentType)
		c.system.set("$.ce", f.ContentEncoding)
		return
	}
	for _, property := range f.System {
		if slices.Contains(systemKeys, property.Name) {
			c.system.set(property.Name, property.Text())
		}
	}
	s := &room.state.streams
	s.list = slices.DeleteFunc(s.list, func(st *stream) bool { return !st.running() })
	for _, e := range d.Streams {
		s.add().restore(e)
	}
}

// save returns the form of a stream.
func (st *stream) save() savefile.Stream {
	e := savefile.Stream{Name: st.name.Text, Template: st.body.Text, ContentType: st.contentType.Text, Interval: st.interval.Text, Burst: st.burst.Text,
		Count: st.count.Text, Seed: st.seed.Text, QoS0: st.qos0, Variables: []savefile.Variable{}, Properties: savefile.FromBag(st.properties.List())}
	for _, v := range st.variables {
		e.Variables = append(e.Variables, savefile.Variable{Name: v.name.Text, Kind: v.kind, Values: v.args.Text})
	}
	return e
}

// restore fills in the form of a stream.
func (st *stream) restore(e savefile.Stream) {
	st.name.Set(e.Name)
	st.body.Set(e.Template)
	st.contentType.Set(e.ContentType)
	st.interval.Set(e.Interval)
	st.burst.Set(e.Burst)
	st.count.Set(e.Count)
	st.seed.Set(e.Seed)
	st.qos0, st.variables = e.QoS0, nil
	for _, v := range e.Variables {
		st.addVariable(v.Name, v.Kind).args.Set(v.Values)
	}
	st.properties.Replace(savefile.Bag(e.Properties))
}
