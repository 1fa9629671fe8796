package forms

import (
	"fmt"
	"slices"

	"puntuale/internal/places"
)

// QuotaFields names the fields from which the group of an application is read;
// an empty one means that the model does not ask.
type QuotaFields struct {
	Nationality string `json:"nationality"` // of type state
	Sector      string `json:"sector"`      // of type choice
	SectorIs    string `json:"sector_is"`   // instead of Sector: the one sector that all applications have
	Province    string `json:"province"`    // of type place or province
}

// QuotaAnswers is what those fields say; empty for what is not asked.
type QuotaAnswers struct {
	State    string // cadastral code, "Z100"
	Sector   string // value of the choice
	Province string // "MI"
}

// QuotaOf returns what decides for which places an application competes.
func (m *Model) QuotaOf(a Answers) QuotaAnswers {
	out := QuotaAnswers{State: a[m.Quota.Nationality], Sector: a[m.Quota.Sector], Province: a[m.Quota.Province]}
	if m.Quota.SectorIs != "" {
		out.Sector = m.Quota.SectorIs
	}
	if f, ok := m.Field(m.Quota.Province); ok && f.Type == TypePlace {
		comune, _ := places.Comune(out.Province) // of an unknown one the province is not known
		out.Province = comune.Province
	}
	return out
}

// SectorNames returns the sectors that applications of this model can have, with
// their names.
func (m *Model) SectorNames() []Option {
	if m.Quota.SectorIs != "" {
		return []Option{{Value: m.Quota.SectorIs, Label: m.Title}}
	}
	if f, ok := m.Field(m.Quota.Sector); ok {
		return slices.Clone(f.Options)
	}
	return nil
}

// Sectors returns the values that the sector can have.
func (m *Model) Sectors() []string {
	var out []string
	for _, o := range m.SectorNames() {
		out = append(out, o.Value)
	}
	return out
}

func (m *Model) validateQuota() error {
	if m.Quota.SectorIs != "" && (m.Quota.Sector != "" || !validID(m.Quota.SectorIs)) {
		return fmt.Errorf("quota: sector_is %q: want lower case letters, digits and _, and no sector beside it", m.Quota.SectorIs)
	}
	for _, w := range []struct {
		id   string
		want []FieldType
	}{
		{m.Quota.Nationality, []FieldType{TypeState}}, {m.Quota.Sector, []FieldType{TypeChoice}},
		{m.Quota.Province, []FieldType{TypePlace, TypeProvince}},
	} {
		if w.id == "" {
			continue
		}
		ref, ok := m.byID[w.id]
		if !ok || ref.field.Type != w.want[0] && ref.field.Type != w.want[len(w.want)-1] {
			return fmt.Errorf("quota: %q is not a field of type %s", w.id, w.want[0])
		}
	}
	return nil
}
