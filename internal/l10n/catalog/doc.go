// Package catalog translates: the page's languages, a catalog of each, and the Localizer methods of Lang, which turn messages and errors
// into sentences.
//
// Messages themselves are in internal/l10n, because the libraries make them and must not carry the catalogs. The texts of the page
// are in the code that shows them: English is the key.
package catalog
