package site

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"maps"
	"slices"
	"time"
)

// steadyCodec writes the same session the same way each time, so that the store
// sees that nothing has changed. A map would come in any order.
type steadyCodec struct{}

// steady is a session in order of its keys.
type steady struct {
	Deadline time.Time
	Keys     []string
	Values   []any
}

// Encode implements scs.Codec.
func (steadyCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	s := steady{Deadline: deadline, Keys: slices.Sorted(maps.Keys(values))}
	for _, k := range s.Keys {
		s.Values = append(s.Values, values[k])
	}
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(&s); err != nil {
		return nil, fmt.Errorf("site: session: %w", err)
	}
	return out.Bytes(), nil
}

// Decode implements scs.Codec.
func (steadyCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var s steady
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&s); err != nil {
		return time.Time{}, nil, fmt.Errorf("site: session: %w", err)
	}
	if len(s.Keys) != len(s.Values) {
		return time.Time{}, nil, fmt.Errorf("site: session: %d keys and %d values", len(s.Keys), len(s.Values))
	}
	values := make(map[string]any, len(s.Keys))
	for i, k := range s.Keys {
		values[k] = s.Values[i]
	}
	return s.Deadline, values, nil
}
