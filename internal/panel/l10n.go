package panel

// T translates a text into the page's language. The panel's lock is held, as in every view.
func (p *Panel) T(english string, values ...any) string { return p.lang.T(english, values...) }

// TN is T for a text that depends on a number, under the panel's lock.
func (p *Panel) TN(n int, one, many string, values ...any) string {
	return p.lang.TN(n, one, many, values...)
}

// Sentence returns an error as a sentence in the page's language. The panel's lock is held.
func (p *Panel) Sentence(err error) string { return p.lang.Sentence(err) }

// resultOf is what a form shows after its action: ok, or the error as a sentence. The panel's lock is held.
func (p *Panel) resultOf(err error, ok string) result {
	if err != nil {
		return result{text: p.Sentence(err)}
	}
	return result{ok: true, text: ok}
}
