package hubservice

import (
	"context"
	"encoding/json"
)

// Twin is the twin of a device or a module, as a service reads it. The documents are objects, and have no metadata.
type Twin struct {
	Version                 int64 // of the tags and the desired properties together
	Tags, Desired, Reported json.RawMessage
}

// TwinVersions are the versions of a twin after a change.
type TwinVersions struct {
	Version int64 // of the whole twin
	Desired int64 // of the desired properties
}

// Twin reads a twin.
func (c *Client) Twin(ctx context.Context, id string) (Twin, error) {
	var twin struct {
		Version    int64           `json:"version"`
		Tags       json.RawMessage `json:"tags"`
		Properties struct {
			Desired  json.RawMessage `json:"desired"`
			Reported json.RawMessage `json:"reported"`
		} `json:"properties"`
	}
	if err := c.ask(ctx, "GET", twinPath(id)+apiVersion, nil, nil, &twin); err != nil {
		return Twin{}, err
	}
	return Twin{Version: twin.Version, Tags: object(twin.Tags),
		Desired: withoutMetadata(twin.Properties.Desired), Reported: withoutMetadata(twin.Properties.Reported)}, nil
}

// PatchTwin merges patches into the desired properties and the tags of a twin. A nil patch changes nothing.
func (c *Client) PatchTwin(ctx context.Context, id string, desired, tags json.RawMessage) (TwinVersions, error) {
	patch := map[string]any{}
	if desired != nil {
		patch["properties"] = map[string]any{"desired": desired}
	}
	if tags != nil {
		patch["tags"] = tags
	}
	var twin struct {
		Version    int64 `json:"version"`
		Properties struct {
			Desired struct {
				Version int64 `json:"$version"`
			} `json:"desired"`
		} `json:"properties"`
	}
	err := c.ask(ctx, "PATCH", twinPath(id)+apiVersion, patch, nil, &twin)
	return TwinVersions{Version: twin.Version, Desired: twin.Properties.Desired.Version}, err
}

// object returns the document, or the empty object for none.
func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// withoutMetadata removes the times and versions that the service adds to each property. They would hide the properties.
func withoutMetadata(raw json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return object(raw)
	}
	delete(m, "$metadata")
	out, _ := json.Marshal(m)
	return out
}
