package emulator

import (
	"cmp"
	"encoding/json"
	"strings"
)

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
	e, err := h.enrollmentView(x.ctx, x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(e, e.ETag), nil
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
	views, err := h.enrollmentViews(x.ctx)
	if err != nil {
		return nil, err
	}
	return page(x, q.Run(toDocs(views)), "Enrollment")
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
	views, err := h.groupViews(x.ctx)
	if err != nil {
		return nil, err
	}
	return page(x, q.Run(toDocs(views)), "EnrollmentGroup")
}

func (h *Hub) restGroupAttestation(x *exchange) (*Response, error) {
	g, err := h.EnrollmentGroup(x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(g.Attestation, ""), nil
}

func (h *Hub) restGetRegistration(x *exchange) (*Response, error) {
	state, err := h.registrationState(x.ctx, x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(state, state.ETag), nil
}

func (h *Hub) restDeleteRegistration(x *exchange) (*Response, error) {
	if err := h.removeRegistration(x.ctx, x.args[0], x.ifMatch("*")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// restQueryRegistrations lists the registrations of an enrollment group. Its body is ignored, as the SDKs send none.
func (h *Hub) restQueryRegistrations(x *exchange) (*Response, error) {
	states, err := h.registrationStates(x.ctx, x.args[0])
	if err != nil {
		return nil, err
	}
	return page(x, states, "DeviceRegistration")
}
