// Package l10n holds messages that are translated when they are shown: a sentence, most often an error's, apart from its values. The
// code that creates an error does not know the reader's language. The page does, and looks up the translation by the English text.
//
// It contains no language but English, which is what Error returns, so that the libraries can use it at no cost. The languages, their
// catalogs and the Localizer are in internal/l10n/catalog.
package l10n
