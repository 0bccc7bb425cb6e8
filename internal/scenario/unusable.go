package scenario

import "github.com/hubpanel/hubpanel/internal/l10n"

// UnusableError says that a scenario cannot be shown or run: there is none of that name, it is wrong, or another one runs.
type UnusableError struct{ Reason *l10n.Message }

func (e *UnusableError) Error() string { return e.Reason.Error() }

// Localize implements l10n.Localizable.
func (e *UnusableError) Localize() (format string, values []any) { return e.Reason.Localize() }

// Unwrap returns the reason.
func (e *UnusableError) Unwrap() error { return e.Reason }
