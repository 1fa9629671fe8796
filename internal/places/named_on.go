package places

import "time"

// NamedOn returns the comuni that had this name on the day of t, today's and
// those that are no more, as "Roma" or "Roma (RM)".
func NamedOn(text string, t time.Time) []Place {
	name, province := cutProvince(text)
	var out []Place
	for _, p := range namesakes(fold(name)) {
		if (province == "" || p.Province == province) && ComuneOn(p.Code, t) {
			out = append(out, p)
		}
	}
	return out
}
