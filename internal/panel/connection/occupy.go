package connection

import "context"

// Occupy runs a function that uses the device's identity itself, such as the connection doctor. It ends the connection that runs before,
// and makes it again afterwards if nothing else was started and nobody pressed Disconnect meanwhile. The function's context ends with
// ctx, or when another start or Disconnect ends it. Occupy returns when the function has returned. Its error says why the function was not
// called: ctx's, or context.Canceled if another start or Disconnect came first. The lock is not held.
func (room *Room) Occupy(ctx context.Context, run func(ctx context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var t *tenant
	room.Update(func() {
		resume := room.state.resume()
		t = room.state.owner.replace(room.Context())
		t.resume = resume
		room.Form.pressed = pressedNone
	})
	defer context.AfterFunc(t.ctx, cancel)()
	defer room.Update(func() { room.vacate(t) })
	if !t.await() {
		return context.Canceled
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	run(ctx)
	return nil
}

// resume returns the settings of the connection that Occupy makes again afterwards, or nil. The lock is held.
func (s *state) resume() *Settings {
	switch t := s.owner.current; {
	case t == nil || t.ctx.Err() != nil:
		return nil
	case s.running():
		return &s.connection.settings
	default:
		return t.resume
	}
}

// vacate ends the tenancy of Occupy. The lock is held.
func (room *Room) vacate(t *tenant) {
	ended := t.ctx.Err() != nil
	if room.state.owner.release(t) && !ended && t.resume != nil {
		room.start(*t.resume)
	}
}
