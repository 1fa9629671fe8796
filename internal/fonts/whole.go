package fonts

// RegularFile returns the whole file of Titillium Web Regular, for programs
// that draw text themselves. The caller must not change it.
func RegularFile() ([]byte, error) { return files.ReadFile("titillium/TitilliumWeb-Regular.ttf") }

// SemiBoldFile returns the whole file of Titillium Web SemiBold, likewise.
func SemiBoldFile() ([]byte, error) { return files.ReadFile("titillium/TitilliumWeb-SemiBold.ttf") }

// FallbackFile returns the whole file of DejaVu Sans Condensed, likewise.
func FallbackFile() ([]byte, error) { return files.ReadFile("dejavu/DejaVuSansCondensed.ttf") }
