package provisioning

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// EnrollmentKind is how a device proves its identity to the Device Provisioning Service.
type EnrollmentKind string

// The kinds.
const (
	EnrollmentIndividual EnrollmentKind = "individual" // with an individual enrollment's key
	EnrollmentGroup      EnrollmentKind = "group"      // with a key derived from the enrollment group's
	EnrollmentToken      EnrollmentKind = "token"      // with a SAS token made elsewhere
)

// state is the registration form, and the result of the last registration.
type state struct {
	endpoint, idScope, registrationID ui.Field

	kind          EnrollmentKind
	key           ui.Field // of the enrollment or the group; a secret
	token         ui.Field // of EnrollmentToken; a secret
	payload       ui.Field // JSON for a custom allocation policy; may be empty
	reveal        bool     // the key or the token is shown in clear
	revealDerived bool     // the derived key is

	running  *registration // nil: none
	steps    []hubclient.Step
	assigned *hubclient.Assignment
	failure  error // why the form is not valid, or why the registration failed
}

func newState() state {
	s := state{kind: EnrollmentIndividual}
	s.endpoint.Set(hubproto.DPSGlobalHost)
	return s
}

// OfferEnrollment fills the form with the emulator's enrollment of a kind, for a demonstration. The lock is held.
func (room *Room) OfferEnrollment(kind EnrollmentKind) {
	s, info := &room.state, &room.emulator.Info
	s.kind = kind
	if info.IDScope == "" || kind == EnrollmentToken {
		return
	}
	s.endpoint.Set(info.HubHostName)
	s.idScope.Set(info.IDScope)
	if kind == EnrollmentGroup {
		s.registrationID.Set(info.Demo.Group.RegistrationID)
		s.key.Set(info.Demo.Group.PrimaryKey)
	} else {
		s.registrationID.Set(info.Demo.Individual.RegistrationID)
		s.key.Set(info.Demo.Individual.PrimaryKey)
	}
}

// Kind returns the kind of enrollment that the form is for. The lock is held.
func (room *Room) Kind() EnrollmentKind { return room.state.kind }

// chooseEnrollment changes the kind. A key that the person typed stays; the emulator's other demonstration replaces the one that the
// form has. The lock is held.
func (room *Room) chooseEnrollment(kind EnrollmentKind) {
	s, demo := &room.state, &room.emulator.Info.Demo
	if key := s.key.Trimmed(); key == "" || key == demo.Group.PrimaryKey || key == demo.Individual.PrimaryKey {
		room.OfferEnrollment(kind)
		return
	}
	s.kind = kind
}

// typeToken takes a token as it is typed, and the registration that it names.
func (s *state) typeToken(text string) {
	s.token.Text = text
	token, err := hubproto.ParseSAS(text)
	if err != nil {
		return
	}
	if idScope, registrationID, ok := strings.Cut(token.Resource, "/registrations/"); ok {
		s.idScope.Set(idScope)
		s.registrationID.Set(strings.TrimSuffix(registrationID, "/"))
	}
}

// checkToken returns the reason why the Device Provisioning Service would refuse a token, as far as the token itself shows it.
func checkToken(text string) error {
	token, err := hubproto.ParseSAS(text)
	switch {
	case err != nil:
		return l10n.New("this %v", err)
	case !strings.Contains(token.Resource, "/registrations/"):
		return l10n.New("the token is for %q: DPS wants one for {ID scope}/registrations/{registration id}", token.Resource)
	case token.Policy != hubproto.DPSPolicy:
		return l10n.New("the token's policy (skn) is %q: DPS wants %q", token.Policy, hubproto.DPSPolicy)
	}
	return nil
}

// derivedKey returns the device's own key, computed from the group's, or "" if the form has no valid group key.
func (s *state) derivedKey() string {
	key, err := hubproto.ParseKey(s.key.Trimmed())
	if err != nil || s.kind != EnrollmentGroup || s.registrationID.Text == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString(hubproto.DeriveDeviceKey(key, s.registrationID.Trimmed()))
}

// copyDerivedKey puts the device's own key on the clipboard.
func (room *Room) copyDerivedKey() {
	room.Lock()
	key := room.state.derivedKey()
	room.Unlock()
	room.Go("copy the key", func(ctx context.Context) {
		if err := room.Env.Copy(ctx, key); err != nil {
			room.Fail("copy", err)
		}
	})
}

// enrollment reads the form.
func (s *state) enrollment(e *hubservice.Emulator) (enrollment hubclient.Enrollment, err error) {
	enrollment = hubclient.Enrollment{
		Endpoint:       s.endpoint.Trimmed(),
		IDScope:        s.idScope.Trimmed(),
		RegistrationID: s.registrationID.Trimmed(),
		Payload:        []byte(s.payload.Trimmed()),
	}
	if url := e.Endpoint(enrollment.Endpoint); url != "" {
		enrollment.Endpoint = url
	}
	switch s.kind {
	case EnrollmentToken:
		enrollment.SharedAccessSignature = s.token.Trimmed()
		err = checkToken(enrollment.SharedAccessSignature)
	case EnrollmentGroup:
		enrollment.GroupKey, err = hubclient.ParseKey(s.key.Trimmed())
	default:
		enrollment.Key, err = hubclient.ParseKey(s.key.Trimmed())
	}
	return enrollment, err
}

// OfferNewEnrollment replaces the emulator's old demonstration enrollment by the new one, if the form still has it. The lock is held.
func (room *Room) OfferNewEnrollment(old *hubservice.Info) {
	s := &room.state
	if key := s.key.Trimmed(); key != "" && (key == old.Demo.Group.PrimaryKey || key == old.Demo.Individual.PrimaryKey) {
		room.OfferEnrollment(s.kind)
	}
}
