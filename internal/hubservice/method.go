package hubservice

import (
	"context"
	"encoding/json"
)

// Call is a call of a direct method.
type Call struct {
	Name    string          `json:"methodName"`
	Payload json.RawMessage `json:"payload"`
	// The time-outs are in seconds: how long the device may take to answer, from 5 to 300, and how long the service waits for it to connect,
	// from 0 to 300.
	ResponseTimeout int `json:"responseTimeoutInSeconds"`
	ConnectTimeout  int `json:"connectTimeoutInSeconds"`
}

// MethodAnswer is a device's answer to a direct method.
type MethodAnswer struct {
	Status  int             `json:"status"`
	Payload json.RawMessage `json:"payload"`
}

// Invoke calls a direct method of a device or a module, and waits for the answer.
func (c *Client) Invoke(ctx context.Context, id string, call Call) (answer MethodAnswer, err error) {
	err = c.ask(ctx, "POST", twinPath(id)+"/methods"+apiVersion, call, nil, &answer)
	return answer, err
}
