package jsapi

import (
	"context"
	"encoding/json"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Register asks the Device Provisioning Service for a hub and returns the assignment as JSON text. options is the JSON text of register's
// options; onStep receives each step as JSON text and must not block.
func Register(ctx context.Context, options string, page Page, onStep func(document string)) (string, error) {
	o, err := decode[enrollmentOptions]("options", options)
	if err != nil {
		return "", err
	}
	enrollment, err := o.enrollment()
	if err != nil {
		return "", err
	}
	enrollment.OnStep = func(s hubclient.Step) {
		document, err := json.Marshal(map[string]any{
			"step": s.Kind.String(), "status": s.Status, "retryAfterMs": s.RetryAfter.Milliseconds(), "topic": s.Topic,
		})
		if err == nil { // numbers and strings have JSON
			onStep(string(document))
		}
	}
	a, err := hubclient.Register(ctx, enrollment, &hubclient.Options{ClientType: clientType, Dial: page.Dial, ServerTime: page.ServerTime})
	if err != nil {
		return "", abortedOr(ctx, err)
	}
	document, err := json.Marshal(map[string]any{
		"assignedHub": a.AssignedHub, "deviceId": a.DeviceID, "registrationId": a.RegistrationID, "status": a.Status, "substatus": a.Substatus,
		"payload": a.Payload,
	})
	return string(document), err
}
