package emulator

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// An AttestationType is how a device proves its identity to DPS.
type AttestationType string

const (
	AttestSymmetricKey AttestationType = "symmetricKey"
	AttestX509         AttestationType = "x509"
	AttestTPM          AttestationType = "tpm" // may be enrolled, but cannot register over MQTT
)

// An AllocationPolicy is how DPS chooses the hub of a device. The emulator has one hub, so that only AllocationCustom has an effect.
type AllocationPolicy string

const (
	AllocationHashed     AllocationPolicy = "hashed"
	AllocationGeoLatency AllocationPolicy = "geoLatency"
	AllocationStatic     AllocationPolicy = "static"
	AllocationCustom     AllocationPolicy = "custom" // by Hub.Allocate
)

// Enrolled has the common fields of individual enrollments and enrollment groups. The JSON names are those of the DPS service API,
// version 2021-10-01.
type Enrolled struct {
	Attestation        Attestation        `json:"attestation"`
	Capabilities       Capabilities       `json:"capabilities"`
	IoTHubHostName     string             `json:"iotHubHostName,omitempty"`
	InitialTwin        *InitialTwin       `json:"initialTwin,omitempty"`
	ETag               string             `json:"etag"`
	ProvisioningStatus Status             `json:"provisioningStatus"` // StatusEnabled when empty
	ReprovisionPolicy  *ReprovisionPolicy `json:"reprovisionPolicy,omitempty"`
	Created            time.Time          `json:"createdDateTimeUtc"`
	LastUpdated        time.Time          `json:"lastUpdatedDateTimeUtc"`
	AllocationPolicy   AllocationPolicy   `json:"allocationPolicy,omitempty"`
	IoTHubs            []string           `json:"iotHubs,omitempty"`
	CustomAllocation   json.RawMessage    `json:"customAllocationDefinition,omitempty"`
}

// An Enrollment lets one device register.
type Enrollment struct {
	RegistrationID string `json:"registrationId"`     // case does not matter
	DeviceID       string `json:"deviceId,omitempty"` // the device's id in the hub; the registration id when empty
	Enrolled
}

// An EnrollmentGroup lets every device register that holds a key derived from the group's (the HMAC-SHA256 of its registration id
// under the group's key; "Symmetric key attestation"), or a certificate that the group's CA signed.
type EnrollmentGroup struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	Enrolled
}

// Attestation is how a device proves its identity to DPS. The hub makes symmetric keys that are empty.
type Attestation struct {
	Type         AttestationType `json:"type"` // AttestSymmetricKey when empty
	SymmetricKey *SymmetricKey   `json:"symmetricKey,omitempty"`
	X509         *X509           `json:"x509,omitempty"`
	TPM          *TPM            `json:"tpm,omitempty"`
}

// X509 are the certificates of an attestation: the device's own in an enrollment, those of signing CAs in a group.
type X509 struct {
	ClientCertificates  *X509Pair `json:"clientCertificates,omitempty"`
	SigningCertificates *X509Pair `json:"signingCertificates,omitempty"`
}

// X509Pair is a primary certificate and, to change over, a secondary one.
type X509Pair struct {
	Primary   *X509Certificate `json:"primary,omitempty"`
	Secondary *X509Certificate `json:"secondary,omitempty"`
}

// X509Certificate is a certificate in base64 DER or in PEM.
type X509Certificate struct {
	Certificate string `json:"certificate,omitempty"`
}

// TPM is the key of a trusted platform module.
type TPM struct {
	EndorsementKey string `json:"endorsementKey"`
	StorageRootKey string `json:"storageRootKey,omitempty"`
}

// InitialTwin is the content of a device's twin when DPS creates the device.
type InitialTwin struct {
	Tags       json.RawMessage `json:"tags,omitempty"`
	Properties struct {
		Desired json.RawMessage `json:"desired,omitempty"`
	} `json:"properties"`
}

// ReprovisionPolicy is for devices that register again. With UpdateHubAssignment and without MigrateDeviceData such a
// device starts with an empty twin and queue.
type ReprovisionPolicy struct {
	UpdateHubAssignment bool `json:"updateHubAssignment"`
	MigrateDeviceData   bool `json:"migrateDeviceData"`
}

// validate checks and completes the common fields.
func (e *Enrolled) validate(group bool) error {
	e.ProvisioningStatus = cmp.Or(e.ProvisioningStatus, StatusEnabled)
	if e.ProvisioningStatus != StatusEnabled && e.ProvisioningStatus != StatusDisabled {
		return errorf(400004, "ArgumentInvalid", "provisioningStatus is %q: use enabled or disabled", e.ProvisioningStatus)
	}
	switch e.AllocationPolicy {
	case "", AllocationHashed, AllocationGeoLatency, AllocationStatic, AllocationCustom:
	default:
		return errorf(400004, "ArgumentInvalid", "allocationPolicy is %q: use hashed, geoLatency, static or custom", e.AllocationPolicy)
	}
	if e.InitialTwin != nil {
		for _, part := range []json.RawMessage{e.InitialTwin.Tags, e.InitialTwin.Properties.Desired} {
			if len(part) > 0 {
				if _, err := parseServiceProperties(part); err != nil {
					return err
				}
			}
		}
	}
	return e.Attestation.validate(group)
}

func (a *Attestation) validate(group bool) error {
	a.Type = cmp.Or(a.Type, AttestSymmetricKey)
	switch a.Type {
	case AttestSymmetricKey:
		if a.SymmetricKey == nil {
			a.SymmetricKey = &SymmetricKey{}
		}
		if err := validKey(a.SymmetricKey.PrimaryKey); err != nil {
			return err
		}
		return validKey(a.SymmetricKey.SecondaryKey)
	case AttestTPM:
		if group || a.TPM == nil || a.TPM.EndorsementKey == "" {
			return errorf(400004, "ArgumentInvalid", "TPM attestation is for individual enrollments and needs an endorsementKey")
		}
		return nil
	case AttestX509:
		pair := a.certificates(group)
		if pair == nil || pair.Primary == nil || pair.Primary.Certificate == "" {
			return errorf(400004, "ArgumentInvalid",
				"x509 attestation needs clientCertificates.primary.certificate in an enrollment, signingCertificates.primary.certificate in a group")
		}
		for _, c := range []*X509Certificate{pair.Primary, pair.Secondary} {
			if c != nil && c.der() == nil {
				return errorf(400004, "ArgumentInvalid", "a certificate is neither base64 DER nor PEM")
			}
		}
		return nil
	}
	return errorf(400004, "ArgumentInvalid", "attestation type is %q: use symmetricKey or x509", a.Type)
}

func (a *Attestation) certificates(group bool) *X509Pair {
	switch {
	case a.X509 == nil:
		return nil
	case group:
		return a.X509.SigningCertificates
	}
	return a.X509.ClientCertificates
}

// der returns the certificate's bytes, or nil when it has no readable form.
func (c *X509Certificate) der() []byte {
	text := strings.TrimSpace(c.Certificate)
	if inner, ok := strings.CutPrefix(text, "-----BEGIN CERTIFICATE-----"); ok {
		text, _, _ = strings.Cut(inner, "-----END CERTIFICATE-----")
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(der) == 0 {
		return nil
	}
	return der
}

// adopt makes or keeps the keys that are empty, and stamps the entry.
func (e *Enrolled) adopt(old *Enrolled) {
	now := time.Now().UTC()
	e.Created, e.LastUpdated, e.ETag = now, now, newETag()
	var oldKey SymmetricKey
	if old != nil {
		e.Created = old.Created
		if old.Attestation.SymmetricKey != nil {
			oldKey = *old.Attestation.SymmetricKey
		}
	}
	if e.Attestation.Type != AttestSymmetricKey {
		return
	}
	key := *e.Attestation.SymmetricKey // the caller's own stays as it is
	key.PrimaryKey = cmp.Or(key.PrimaryKey, oldKey.PrimaryKey, base64.StdEncoding.EncodeToString(newKey()))
	key.SecondaryKey = cmp.Or(key.SecondaryKey, oldKey.SecondaryKey, base64.StdEncoding.EncodeToString(newKey()))
	e.Attestation.SymmetricKey = &key
}

// keys are the decoded symmetric keys.
func (e *Enrolled) keys() (keys [2][]byte) {
	if k := e.Attestation.SymmetricKey; k != nil {
		for i, key := range []string{k.PrimaryKey, k.SecondaryKey} {
			if key != "" {
				keys[i], _ = hubproto.ParseKey(key) // validKey has seen it
			}
		}
	}
	return keys
}

// Enrollment returns an individual enrollment, keys included.
func (h *Hub) Enrollment(registrationID string) (Enrollment, error) {
	var found Enrollment
	err := h.read(context.Background(), func() error {
		e := h.enrollments[strings.ToLower(registrationID)]
		if e == nil {
			return errEnrollmentNotFound(registrationID)
		}
		found = *e
		return nil
	})
	return found, err
}

// EnrollmentGroup returns an enrollment group, keys included.
func (h *Hub) EnrollmentGroup(id string) (EnrollmentGroup, error) {
	var found EnrollmentGroup
	err := h.read(context.Background(), func() error {
		g := h.groups[id]
		if g == nil {
			return errEnrollmentNotFound(id)
		}
		found = *g
		return nil
	})
	return found, err
}

// Enroll makes or changes an individual enrollment, and returns it as it is now, keys included, when it is durable. Errors: 400004 for illegal
// fields.
func (h *Hub) Enroll(ctx context.Context, e Enrollment) (Enrollment, error) {
	return h.enroll(ctx, e, "")
}

func (h *Hub) enroll(ctx context.Context, e Enrollment, condition string) (Enrollment, error) {
	if err := hubproto.ValidRegistrationID(e.RegistrationID); err != nil {
		return e, errInvalid(err)
	}
	if e.DeviceID != "" {
		if err := hubproto.ValidDeviceID(e.DeviceID); err != nil {
			return e, errInvalid(err)
		}
	}
	if err := e.validate(false); err != nil {
		return e, err
	}
	err := h.change(ctx, func() error {
		key := strings.ToLower(e.RegistrationID)
		var old *Enrolled
		if entry := h.enrollments[key]; entry != nil {
			old = &entry.Enrolled
		}
		if err := checkCondition(old, condition, e.RegistrationID); err != nil {
			return err
		}
		e.adopt(old)
		entry := e
		h.enrollments[key] = &entry
		h.saveEnrollment(&entry)
		h.note(Operation{Category: CategoryProvisioningAPI, Name: "enroll", DeviceID: e.RegistrationID, StatusCode: 200,
			Description: fmt.Sprintf("individual enrollment by %s, %s", e.Attestation.Type, e.ProvisioningStatus)})
		return nil
	})
	return e, err
}

func checkCondition(old *Enrolled, condition, id string) error {
	switch {
	case condition == "" || condition == "*" && old != nil || condition == conditionNew && old == nil:
		return nil
	case condition == conditionNew:
		return errorf(409201, "EnrollmentConflict", "enrollment %q is already there: give its ETag in If-Match to change it", id)
	case old == nil:
		return errEnrollmentNotFound(id)
	case condition != old.ETag:
		return errPrecondition(old.ETag, condition)
	}
	return nil
}

func errEnrollmentNotFound(id string) *Error {
	return errorf(404201, "EnrollmentNotFound", "there is no enrollment %q", id)
}

// EnrollGroup makes or changes an enrollment group, and returns it as it is now, keys included, when it is durable. Errors: 400004 for illegal
// fields.
func (h *Hub) EnrollGroup(ctx context.Context, g EnrollmentGroup) (EnrollmentGroup, error) {
	return h.enrollGroup(ctx, g, "")
}

func (h *Hub) enrollGroup(ctx context.Context, g EnrollmentGroup, condition string) (EnrollmentGroup, error) {
	if err := hubproto.ValidRegistrationID(g.EnrollmentGroupID); err != nil {
		return g, errorf(400004, "ArgumentInvalid", "as an enrollment group id: %v", err)
	}
	if err := g.validate(true); err != nil {
		return g, err
	}
	err := h.change(ctx, func() error {
		var old *Enrolled
		if entry := h.groups[g.EnrollmentGroupID]; entry != nil {
			old = &entry.Enrolled
		}
		if err := checkCondition(old, condition, g.EnrollmentGroupID); err != nil {
			return err
		}
		g.adopt(old)
		entry := g
		h.groups[g.EnrollmentGroupID] = &entry
		h.saveGroup(&entry)
		h.note(Operation{Category: CategoryProvisioningAPI, Name: "enrollGroup", DeviceID: g.EnrollmentGroupID, StatusCode: 200,
			Description: fmt.Sprintf("enrollment group by %s, %s", g.Attestation.Type, g.ProvisioningStatus)})
		return nil
	})
	return g, err
}

// removeEnrollment deletes an individual enrollment. Devices that registered stay in the hub.
func (h *Hub) removeEnrollment(ctx context.Context, id, etag string) error {
	return h.change(ctx, func() error {
		key := strings.ToLower(id)
		e := h.enrollments[key]
		if e == nil {
			return errEnrollmentNotFound(id)
		}
		if err := checkCondition(&e.Enrolled, cmp.Or(etag, "*"), id); err != nil {
			return err
		}
		delete(h.enrollments, key)
		h.deleteEnrollment(id)
		h.dropRegistration(key)
		return nil
	})
}

// removeGroup deletes an enrollment group with the registrations that came by it. Devices that registered stay in the hub.
func (h *Hub) removeGroup(ctx context.Context, id, etag string) error {
	return h.change(ctx, func() error {
		g := h.groups[id]
		if g == nil {
			return errEnrollmentNotFound(id)
		}
		if err := checkCondition(&g.Enrolled, cmp.Or(etag, "*"), id); err != nil {
			return err
		}
		delete(h.groups, id)
		h.deleteGroup(id)
		for key, r := range h.registrations {
			if r.GroupID == id {
				h.dropRegistration(key)
			}
		}
		return nil
	})
}

// shown is an enrollment without its symmetric keys: only its creator and attestationmechanism get them.
func (e Enrolled) shown() Enrolled {
	e.Attestation.SymmetricKey = nil
	return e
}

// enrollmentView is an individual enrollment as GET and queries show it: without its keys, with its registration.
type enrollmentView struct {
	Enrollment
	State *RegistrationState `json:"registrationState,omitempty"`
}

// enrollmentView returns the view of an individual enrollment.
func (h *Hub) enrollmentView(ctx context.Context, registrationID string) (v enrollmentView, err error) {
	err = h.read(ctx, func() error {
		e := h.enrollments[strings.ToLower(registrationID)]
		if e == nil {
			return errEnrollmentNotFound(registrationID)
		}
		v = h.view(e)
		return nil
	})
	return v, err
}

// enrollmentViews returns all individual enrollments in the order of their ids.
func (h *Hub) enrollmentViews(ctx context.Context) (views []enrollmentView, err error) {
	err = h.read(ctx, func() error {
		for _, e := range sortedByKey(h.enrollments) {
			views = append(views, h.view(e))
		}
		return nil
	})
	return views, err
}

// view makes the view of an enrollment. h.mu is held.
func (h *Hub) view(e *Enrollment) enrollmentView {
	v := enrollmentView{Enrollment: *e}
	v.Enrolled = e.shown()
	if r := h.registrations[strings.ToLower(e.RegistrationID)]; r != nil {
		v.State = r.state()
	}
	return v
}

// groupViews returns all enrollment groups without their keys, in the order of their ids.
func (h *Hub) groupViews(ctx context.Context) (views []EnrollmentGroup, err error) {
	err = h.read(ctx, func() error {
		for _, g := range sortedByKey(h.groups) {
			view := *g
			view.Enrolled = g.shown()
			views = append(views, view)
		}
		return nil
	})
	return views, err
}
