package hubservice

import (
	"context"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

const faultsPath = "/emulator/faults" + apiVersion

// Faults returns the faults that the emulator simulates.
func (c *Client) Faults(ctx context.Context) (f emulator.Faults, err error) {
	err = c.ask(ctx, "GET", faultsPath, nil, nil, &f)
	return f, err
}

// SetFaults replaces the faults that the emulator simulates, and returns those in force.
func (c *Client) SetFaults(ctx context.Context, f emulator.Faults) (now emulator.Faults, err error) {
	err = c.ask(ctx, "PUT", faultsPath, f, nil, &now)
	return now, err
}

// Cut breaks the connection of a device or a module, without a close frame.
func (c *Client) Cut(ctx context.Context, id string) error {
	return c.ask(ctx, "DELETE", identityPath("/emulator/connections", id)+apiVersion, nil, nil, nil)
}
