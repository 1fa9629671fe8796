package verdict

import (
	"errors"

	"puntuale/internal/clickday"
)

// Cause is what an error is called in Italian; in English its own text serves.
type Cause struct {
	Err error
	IT  string
}

// Because returns a text that says in brackets why. The Italian one does so in
// Italian, or not at all where the error is none of causes; the English one has
// the error as it is, which is what engineers search for.
func Because(it, en string, err error, causes []Cause) clickday.Text {
	why := ""
	for _, c := range causes {
		if errors.Is(err, c.Err) {
			why = " (" + c.IT + ")"
			break
		}
	}
	return clickday.Text{IT: it + why + ".", EN: en + " (" + err.Error() + ")."}
}
