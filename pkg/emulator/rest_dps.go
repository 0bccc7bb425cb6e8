package emulator

import (
	"cmp"
	"encoding/json"
	"strings"
)

// shown is an enrollment without its symmetric keys: only its creator and attestationmechanism get them.
func (e Enrolled) shown() Enrolled {
	e.Attestation.SymmetricKey = nil
	return e
}

// enrollmentView is an individual enrollment with its registration.
type enrollmentView struct {
	Enrollment
	State *RegistrationState `json:"registrationState,omitempty"`
}

// viewEnrollment is an enrollment as GET and queries show it. h.mu is held.
func (h *Hub) viewEnrollment(e *Enrollment) enrollmentView {
	v := enrollmentView{Enrollment: *e}
	v.Enrolled = e.Enrolled.shown()
	if r := h.registrations[strings.ToLower(e.RegistrationID)]; r != nil {
		v.State = r.state()
	}
	return v
}

func (h *Hub) restPutEnrollment(x *exchange) (*Response, error) {
	var e Enrollment
	if err := x.decode(&e); err != nil {
		return nil, err
	}
	e.RegistrationID = cmp.Or(e.RegistrationID, x.args[0])
	if !strings.EqualFold(e.RegistrationID, x.args[0]) {
		return nil, errorf(400004, "ArgumentInvalid", "the body is about %q, the path about %q", e.RegistrationID, x.args[0])
	}
	e, err := h.enroll(x.ctx, e, x.ifMatch(conditionNew))
	if err != nil {
		return nil, err
	}
	return jsonResponse(e, e.ETag), nil
}

func (h *Hub) restGetEnrollment(x *exchange) (*Response, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	defer h.mu.Unlock()
	e := h.enrollments[strings.ToLower(x.args[0])]
	if e == nil {
		return nil, errEnrollmentNotFound(x.args[0])
	}
	return jsonResponse(h.viewEnrollment(e), e.ETag), nil
}

func (h *Hub) restDeleteEnrollment(x *exchange) (*Response, error) {
	if err := h.removeEnrollment(x.ctx, x.args[0], x.ifMatch("*")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// maxBulkEnrollments is how many enrollments one bulk request may hold.
const maxBulkEnrollments = 10

func (h *Hub) restBulkEnrollments(x *exchange) (*Response, error) {
	var body struct {
		Mode        string       `json:"mode"`
		Enrollments []Enrollment `json:"enrollments"`
	}
	if err := x.decode(&body); err != nil {
		return nil, err
	}
	if len(body.Enrollments) > maxBulkEnrollments {
		return nil, errorf(400004, "ArgumentInvalid", "%d enrollments in one request: at most %d are allowed", len(body.Enrollments), maxBulkEnrollments)
	}
	type failure struct {
		RegistrationID string `json:"registrationId"`
		ErrorCode      int    `json:"errorCode"`
		ErrorStatus    string `json:"errorStatus"`
	}
	result := struct {
		IsSuccessful bool      `json:"isSuccessful"`
		Errors       []failure `json:"errors"`
	}{true, []failure{}}
	for _, e := range body.Enrollments {
		var err error
		switch body.Mode {
		case "create":
			_, err = h.enroll(x.ctx, e, conditionNew)
		case "update":
			_, err = h.enroll(x.ctx, e, "*")
		case "updateIfMatchETag":
			_, err = h.enroll(x.ctx, e, e.ETag)
		case "delete":
			err = h.removeEnrollment(x.ctx, e.RegistrationID, "*")
		default:
			return nil, errorf(400004, "ArgumentInvalid", "mode is %q: use create, update, updateIfMatchETag or delete", body.Mode)
		}
		if err != nil {
			refused := asError(err)
			result.IsSuccessful = false
			result.Errors = append(result.Errors, failure{e.RegistrationID, refused.Code, refused.Message})
		}
	}
	return jsonResponse(result, ""), nil
}

// toDocs makes queryable documents of JSON values.
func toDocs[T any](values []T) []map[string]any {
	docs := make([]map[string]any, 0, len(values))
	for _, v := range values {
		var doc map[string]any
		d := json.NewDecoder(strings.NewReader(string(encodeJSON(v))))
		d.UseNumber()
		if d.Decode(&doc) == nil {
			docs = append(docs, doc)
		}
	}
	return docs
}

func (h *Hub) restQueryEnrollments(x *exchange) (*Response, error) {
	q, err := x.query("enrollments")
	if err != nil {
		return nil, err
	}
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	var views []enrollmentView
	for _, e := range sortedByKey(h.enrollments) {
		views = append(views, h.viewEnrollment(e))
	}
	h.mu.Unlock()
	return page(x, q.run(toDocs(views)), "Enrollment")
}

func (h *Hub) restEnrollmentAttestation(x *exchange) (*Response, error) {
	e, err := h.Enrollment(x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(e.Attestation, ""), nil
}

func (h *Hub) restPutGroup(x *exchange) (*Response, error) {
	var g EnrollmentGroup
	if err := x.decode(&g); err != nil {
		return nil, err
	}
	g.EnrollmentGroupID = cmp.Or(g.EnrollmentGroupID, x.args[0])
	if g.EnrollmentGroupID != x.args[0] {
		return nil, errorf(400004, "ArgumentInvalid", "the body is about %q, the path about %q", g.EnrollmentGroupID, x.args[0])
	}
	g, err := h.enrollGroup(x.ctx, g, x.ifMatch(conditionNew))
	if err != nil {
		return nil, err
	}
	return jsonResponse(g, g.ETag), nil
}

func (h *Hub) restGetGroup(x *exchange) (*Response, error) {
	g, err := h.EnrollmentGroup(x.args[0])
	if err != nil {
		return nil, err
	}
	g.Enrolled = g.shown()
	return jsonResponse(g, g.ETag), nil
}

func (h *Hub) restDeleteGroup(x *exchange) (*Response, error) {
	if err := h.removeGroup(x.ctx, x.args[0], x.ifMatch("*")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

func (h *Hub) restQueryGroups(x *exchange) (*Response, error) {
	q, err := x.query("enrollmentGroups")
	if err != nil {
		return nil, err
	}
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	var views []EnrollmentGroup
	for _, g := range sortedByKey(h.groups) {
		view := *g
		view.Enrolled = g.shown()
		views = append(views, view)
	}
	h.mu.Unlock()
	return page(x, q.run(toDocs(views)), "EnrollmentGroup")
}

func (h *Hub) restGroupAttestation(x *exchange) (*Response, error) {
	g, err := h.EnrollmentGroup(x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(g.Attestation, ""), nil
}

func errRegistrationNotFound(id string) *Error {
	return errorf(404203, "RegistrationNotFound", "no device has registered as %q", id)
}

func (h *Hub) restGetRegistration(x *exchange) (*Response, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	defer h.mu.Unlock()
	r := h.registrations[strings.ToLower(x.args[0])]
	if r == nil {
		return nil, errRegistrationNotFound(x.args[0])
	}
	return jsonResponse(r.state(), r.ETag), nil
}

func (h *Hub) restDeleteRegistration(x *exchange) (*Response, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	key := strings.ToLower(x.args[0])
	r := h.registrations[key]
	var err error
	if r == nil {
		err = errRegistrationNotFound(x.args[0])
	} else if etag := x.ifMatch("*"); etag != "*" && etag != r.ETag {
		err = errPrecondition(r.ETag, etag)
	}
	if err != nil {
		h.mu.Unlock()
		return nil, err
	}
	h.removeRegistration(key)
	h.mu.Unlock()
	if err := h.settledOr500(x.ctx); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// restQueryRegistrations lists the registrations of an enrollment group. Its body is ignored, as the SDKs send none.
func (h *Hub) restQueryRegistrations(x *exchange) (*Response, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	if h.groups[x.args[0]] == nil {
		h.mu.Unlock()
		return nil, errEnrollmentNotFound(x.args[0])
	}
	var states []*RegistrationState
	for _, r := range sortedByKey(h.registrations) {
		if r.GroupID == x.args[0] {
			states = append(states, r.state())
		}
	}
	h.mu.Unlock()
	return page(x, states, "DeviceRegistration")
}
