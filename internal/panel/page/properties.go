package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// PropertyRow is a row of the property editor.
type PropertyRow struct {
	id          int
	name, value ui.Field
	null        bool // it has no value, which is not the empty one
}

// PropertyRows is a property bag as a person edits it.
type PropertyRows struct {
	rows []*PropertyRow
	next int
}

func (r *PropertyRows) Add(name, value string) {
	row := &PropertyRow{id: r.next}
	r.next++
	row.name.Set(name)
	row.value.Set(value)
	r.rows = append(r.rows, row)
}

func (r *PropertyRows) remove(id int) {
	for i, row := range r.rows {
		if row.id == id {
			r.rows = append(r.rows[:i], r.rows[i+1:]...)
			return
		}
	}
}

// List is the bag: rows without a name are not in it.
func (r *PropertyRows) List() hubproto.Properties {
	var list hubproto.Properties
	for _, row := range r.rows {
		if name := strings.TrimSpace(row.name.Text); name != "" {
			property := hubproto.Property{Name: name, Null: row.null}
			if !row.null {
				property.Value = row.value.Text
			}
			list = append(list, property)
		}
	}
	return list
}

// PropertiesOf is a bag in the order of its names.
func PropertiesOf(m map[string]*string) (list hubproto.Properties) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		property := hubproto.Property{Name: name, Null: m[name] == nil}
		if !property.Null {
			property.Value = *m[name]
		}
		list = append(list, property)
	}
	return list
}

// Replace makes the rows show a bag.
func (r *PropertyRows) Replace(list hubproto.Properties) {
	r.rows = nil
	for _, property := range list {
		r.Add(property.Name, property.Value)
		r.rows[len(r.rows)-1].null = property.Null
	}
}

// PropertyEditor edits a property bag.
func (p *Page) PropertyEditor(rows *PropertyRows, id, name string) *ui.Node {
	lines := make(ui.Nodes, 0, len(rows.rows))
	for i, row := range rows.rows {
		lines = append(lines, ui.H("div.property", ui.Key(fmt.Sprint(row.id)),
			ui.H("input.mono", ui.Attr("type", "text"), ui.Label(p.T("Property %d, name", i+1)), ui.TestID(fmt.Sprint(id, "-name-", i)),
				ui.Attr("placeholder", p.T("name")), ui.Value(&row.name), p.Typing(&row.name)),
			ui.H("input.mono", ui.Attr("type", "text"), ui.Label(p.T("Property %d, value", i+1)), ui.TestID(fmt.Sprint(id, "-value-", i)),
				ui.Attr("placeholder", p.T("value")), ui.Flag("disabled", row.null), ui.Value(&row.value), p.Typing(&row.value)),
			ui.H("button.quiet.null", ui.Attr("type", "button"), ui.TestID(fmt.Sprint(id, "-null-", i)), ui.Attr("aria-pressed", fmt.Sprint(row.null)), ui.Label(p.T("Property %d is null: it has no value, not an empty one", i+1)),
				ui.Attr("title", p.T("null: no value, not an empty one")), ui.Text("∅"), ui.OnClick(func() { p.Update(func() { row.null = !row.null }) })),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.Label(p.T("Remove property %d", i+1)), ui.Text("×"),
				ui.OnClick(func() { p.Update(func() { rows.remove(row.id) }) })),
		))
	}
	return ui.H("fieldset.properties",
		ui.H("legend", ui.Text(name)),
		ui.H("div.property-rows", lines),
		ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-add"), ui.Text(p.T("+ Add a property")),
			ui.OnClick(func() { p.Update(func() { rows.Add("", "") }) })),
	)
}
