package scenarios

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// Room is the scenario on the page.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are what the room needs of other rooms.
type Links struct {
	// Find reads a document, or returns the built-in scenario of a name. The lock is not held.
	Find func(text string) (*scenario.Document, error)
	// Stage returns a stage to play a scenario on. shoot takes a picture of the page; nil means that there are no pictures.
	Stage func(shoot func(ctx context.Context, name string) error) scenario.Stage
}

// New returns a room that shows no scenario.
func New(p *page.Page) *Room { return &Room{Page: p, state: state{current: -1}} }
