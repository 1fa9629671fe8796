package wire

import (
	"fmt"

	"puntuale/internal/clickday"
)

// Error is a refusal with its documented code. Detail is for logs; people are
// shown the text that belongs to the code.
type Error struct {
	Code   clickday.Code
	Detail string
}

// Error returns code and detail.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

// Is makes errors.Is compare codes alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func fail(code clickday.Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
