package hubservice

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Info is the document of GET /emulator/info. It HOLDS SECRETS.
type Info = readymade.Info

// Restarted reports whether two infos belong to different lives of the emulator, by the instance or, where one of the two has none, by the
// keys of its policies.
func Restarted(i, other *Info) bool {
	if i.Instance != "" && other.Instance != "" {
		return i.Instance != other.Instance
	}
	return i.ServiceConnectionString != other.ServiceConnectionString || i.ProvisioningServiceConnectionString != other.ProvisioningServiceConnectionString
}

// AskInfo asks the page's origin for its emulator.
func AskInfo(ctx context.Context, fetch Fetch) (Info, error) {
	var info Info
	res, err := fetch(ctx, &FetchRequest{Method: "GET", Path: "/emulator/info"})
	if err != nil {
		return info, err
	}
	defer res.Body.Close()
	if res.Status != 200 || !strings.Contains(res.Header["content-type"], "application/json") {
		return info, l10n.New("GET /emulator/info was answered %d", res.Status)
	}
	return info, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&info)
}

// OpenInPage opens a hub inside the page, with the ready-made device and enrollments. After an error the hub cannot be used.
func OpenInPage(ctx context.Context, hub *emulator.Hub) (Info, error) {
	hub.HostName = InPageHost
	if err := readymade.Prepare(ctx, hub); err != nil {
		return Info{}, err
	}
	return readymade.Describe(ctx, hub, InPageHost)
}
