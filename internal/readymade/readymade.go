package readymade

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// The names of the ready-made device and enrollments.
const (
	DeviceID            = "MyDevice01"
	RegistrationID      = "my-registration-01"
	EnrollmentGroupID   = "my-group"
	GroupRegistrationID = "my-group-device-01" // a device of the group
)

// Info is the document of GET /emulator/info: what a program on this machine needs to use the hub. It HOLDS SECRETS.
type Info struct {
	// Instance identifies the life of the hub (emulator.Hub.Instance): another one means that the emulator restarted.
	Instance                            string `json:"instance"`
	HubHostName                         string `json:"hubHostName"`
	ServiceConnectionString             string `json:"serviceConnectionString"`             // policy iothubowner
	ProvisioningServiceConnectionString string `json:"provisioningServiceConnectionString"` // policy provisioningserviceowner
	IDScope                             string `json:"idScope"`
	DeviceConnectionString              string `json:"deviceConnectionString,omitempty"` // of Demo.DeviceID, unless it was deleted
	Demo                                Demo   `json:"demo,omitzero"`
}

// Demo is the ready-made device and enrollments. It HOLDS SECRETS.
type Demo struct {
	DeviceID   string     `json:"deviceId"`
	Individual Individual `json:"individual"`
	Group      Group      `json:"group"`
}

// Individual is an individual enrollment. The key is empty when the enrollment was deleted.
type Individual struct {
	RegistrationID string `json:"registrationId"`
	PrimaryKey     string `json:"primaryKey"`
}

// Group is an enrollment group, and a registration id to try it with: the device's key is derived from both. The key is empty when
// the group was deleted.
type Group struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	PrimaryKey        string `json:"primaryKey"`
	RegistrationID    string `json:"registrationId"`
}

// Prepare opens a hub that is not in use yet, creates the ready-made device and enrollments, with random keys, unless they exist, and
// makes the hub answer GET /emulator/info with its Info. After an error, such as that of ctx, it may be called again.
func Prepare(ctx context.Context, hub *emulator.Hub) error {
	hub.Info = func(host string) (any, error) { return Describe(context.Background(), hub, host) }
	if err := hub.Open(ctx); err != nil {
		return err
	}
	if _, err := hub.Device(DeviceID); missing(err) {
		if _, err := hub.PutDevice(ctx, emulator.Device{DeviceID: DeviceID}); err != nil {
			return fmt.Errorf("creating the ready-made device: %w", err)
		}
	} else if err != nil {
		return err
	}
	if _, err := hub.Enrollment(RegistrationID); missing(err) {
		if _, err := hub.Enroll(ctx, emulator.Enrollment{RegistrationID: RegistrationID}); err != nil {
			return fmt.Errorf("creating the ready-made enrollment: %w", err)
		}
	} else if err != nil {
		return err
	}
	if _, err := hub.EnrollmentGroup(EnrollmentGroupID); missing(err) {
		if _, err := hub.EnrollGroup(ctx, emulator.EnrollmentGroup{EnrollmentGroupID: EnrollmentGroupID}); err != nil {
			return fmt.Errorf("creating the ready-made enrollment group: %w", err)
		}
	} else if err != nil {
		return err
	}
	return nil
}

// missing reports whether a hub answered that an entry does not exist.
func missing(err error) bool {
	var refused *emulator.Error
	return errors.As(err, &refused) && refused.Status() == 404
}

// Describe returns the Info of a hub. host is the host name that the caller used, for a hub whose HostName is empty.
func Describe(ctx context.Context, hub *emulator.Hub, host string) (Info, error) {
	host = cmp.Or(hub.HostName, host, "localhost")
	service, err := serviceConnectionString(ctx, hub, host, emulator.PolicyOwner)
	if err != nil {
		return Info{}, err
	}
	provisioning, err := serviceConnectionString(ctx, hub, host, emulator.PolicyProvisioningOwner)
	if err != nil {
		return Info{}, err
	}
	info := Info{
		Instance:                            hub.Instance(),
		HubHostName:                         host,
		ServiceConnectionString:             service,
		ProvisioningServiceConnectionString: provisioning,
		IDScope:                             cmp.Or(hub.IDScope, emulator.DefaultIDScope),
		Demo: Demo{
			DeviceID:   DeviceID,
			Individual: Individual{RegistrationID: RegistrationID},
			Group:      Group{EnrollmentGroupID: EnrollmentGroupID, RegistrationID: GroupRegistrationID},
		},
	}
	if d, err := hub.Device(DeviceID); err == nil {
		key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
		if err == nil { // a device that authenticates with a certificate has no key
			info.DeviceConnectionString = hubproto.ConnectionString{HostName: host, DeviceID: d.DeviceID, SharedAccessKey: key}.String()
		}
	} else if !missing(err) {
		return Info{}, err
	}
	if e, err := hub.Enrollment(RegistrationID); err == nil {
		info.Demo.Individual.PrimaryKey = primaryKey(&e.Enrolled)
	} else if !missing(err) {
		return Info{}, err
	}
	if g, err := hub.EnrollmentGroup(EnrollmentGroupID); err == nil {
		info.Demo.Group.PrimaryKey = primaryKey(&g.Enrolled)
	} else if !missing(err) {
		return Info{}, err
	}
	return info, nil
}

func primaryKey(e *emulator.Enrolled) string {
	if e.Attestation.SymmetricKey == nil {
		return ""
	}
	return e.Attestation.SymmetricKey.PrimaryKey
}

func serviceConnectionString(ctx context.Context, hub *emulator.Hub, host, policy string) (string, error) {
	text, err := hub.PolicyKey(ctx, policy)
	if err != nil {
		return "", err
	}
	key, err := hubproto.ParseKey(text)
	if err != nil {
		return "", err
	}
	return hubproto.ConnectionString{HostName: host, SharedAccessKeyName: policy, SharedAccessKey: key}.String(), nil
}
