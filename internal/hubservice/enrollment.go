package hubservice

import (
	"context"
	"net/url"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// ReplaceEnrollment creates an individual enrollment, in place of one with the same registration id. The service makes its keys.
func (c *Client) ReplaceEnrollment(ctx context.Context, e emulator.Enrollment) error {
	return c.replaceEnrollment(ctx, enrollmentPath(e.RegistrationID), e)
}

// ReplaceEnrollmentGroup creates an enrollment group, in place of one with the same id. The service makes its keys.
func (c *Client) ReplaceEnrollmentGroup(ctx context.Context, g emulator.EnrollmentGroup) error {
	return c.replaceEnrollment(ctx, groupPath(g.EnrollmentGroupID), g)
}

func (c *Client) replaceEnrollment(ctx context.Context, path string, enrollment any) error {
	if err := c.askProvisioning(ctx, "DELETE", path+apiVersion, nil, always, nil); err != nil && !IsNotFound(err) {
		return err
	}
	return c.askProvisioning(ctx, "PUT", path+apiVersion, enrollment, nil, nil)
}

// EnrollmentKey returns the primary key of an individual enrollment, in base64.
func (c *Client) EnrollmentKey(ctx context.Context, registrationID string) (string, error) {
	return c.enrollmentKey(ctx, enrollmentPath(registrationID))
}

// EnrollmentGroupKey returns the primary key of an enrollment group, in base64.
func (c *Client) EnrollmentGroupKey(ctx context.Context, id string) (string, error) {
	return c.enrollmentKey(ctx, groupPath(id))
}

func (c *Client) enrollmentKey(ctx context.Context, path string) (string, error) {
	var a emulator.Attestation
	if err := c.askProvisioning(ctx, "POST", path+"/attestationmechanism"+apiVersion, nil, nil, &a); err != nil {
		return "", err
	}
	if a.SymmetricKey == nil {
		return "", l10n.New("the enrollment has no symmetric key: it proves with a certificate who it is")
	}
	return a.SymmetricKey.PrimaryKey, nil
}

// DeleteRegistration removes the registration of a device, but not the device that it created in the hub. See IsNotFound.
func (c *Client) DeleteRegistration(ctx context.Context, registrationID string) error {
	return c.askProvisioning(ctx, "DELETE", "/registrations/"+url.PathEscape(registrationID)+apiVersion, nil, always, nil)
}

func enrollmentPath(registrationID string) string {
	return "/enrollments/" + url.PathEscape(registrationID)
}

func groupPath(id string) string { return "/enrollmentGroups/" + url.PathEscape(id) }
