// Package fonts holds the typefaces of everything we print, and cuts out of
// them the few glyphs that one document needs.
//
// Titillium Web is the typeface of the Italian public administration; it covers
// Italian, Albanian, Polish, Romanian and most other Latin alphabets, but not
// Vietnamese, nor the signs of scholarly transliteration. DejaVu Sans Condensed
// is the fallback that does. Both files are as published, with their licences
// beside them (titillium/OFL.txt, dejavu/LICENSE); a subset exists only inside
// a document.
package fonts

import (
	"embed"
	"fmt"
	"sync"
)

//go:embed titillium/TitilliumWeb-Regular.ttf titillium/TitilliumWeb-SemiBold.ttf
//go:embed titillium/OFL.txt dejavu/DejaVuSansCondensed.ttf dejavu/LICENSE
var files embed.FS

var (
	regular  = sync.OnceValue(func() *Face { return embedded("TitilliumWeb-Regular", "titillium/TitilliumWeb-Regular.ttf") })
	semiBold = sync.OnceValue(func() *Face { return embedded("TitilliumWeb-SemiBold", "titillium/TitilliumWeb-SemiBold.ttf") })
	fallback = sync.OnceValue(func() *Face { return embedded("DejaVuSansCondensed", "dejavu/DejaVuSansCondensed.ttf") })
)

// Regular returns Titillium Web Regular.
func Regular() *Face { return regular() }

// SemiBold returns Titillium Web SemiBold.
func SemiBold() *Face { return semiBold() }

// Fallback returns DejaVu Sans Condensed, for texts that Titillium cannot write.
func Fallback() *Face { return fallback() }

// embedded parses a file that was compiled in; a broken one is a broken build.
func embedded(name, path string) *Face {
	data, err := files.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("fonts: %v", err))
	}
	face, err := Parse(name, data)
	if err != nil {
		panic(fmt.Sprintf("fonts: %s: %v", path, err))
	}
	return face
}

// RegularTTF returns the file of Titillium Web Regular as it is published, for
// documents that embed a font as a whole.
func RegularTTF() ([]byte, error) { return files.ReadFile("titillium/TitilliumWeb-Regular.ttf") }

// SemiBoldTTF returns the file of Titillium Web SemiBold.
func SemiBoldTTF() ([]byte, error) { return files.ReadFile("titillium/TitilliumWeb-SemiBold.ttf") }
