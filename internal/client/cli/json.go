package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

// The JSON of status and send; docs/miniclient.md shows it.
type (
	jsonStatus struct {
		Paired  bool          `json:"paired"`
		Portal  string        `json:"portal,omitempty"`
		Account store.Account `json:"account"`
		Days    []jsonDay     `json:"days"`
	}
	jsonDay struct {
		ID           clickday.DayID    `json:"id"`
		Code         string            `json:"code"`
		Title        clickday.Text     `json:"title"`
		Opens        time.Time         `json:"opens"`
		Closes       time.Time         `json:"closes"`
		Phase        clickday.Phase    `json:"phase"`
		Counts       jsonCounts        `json:"counts"`
		Applications []jsonApplication `json:"applications"`
	}
	jsonCounts struct {
		Total        int `json:"total"`
		Prepared     int `json:"prepared"`
		Armed        int `json:"armed"`
		Sending      int `json:"sending"`
		Acknowledged int `json:"acknowledged"`
		Refused      int `json:"refused"`
		Sequenced    int `json:"sequenced"`
		Receipted    int `json:"receipted"`
	}
	jsonApplication struct {
		Application    string             `json:"application"`
		Submission     string             `json:"submission"`
		Model          clickday.ModelCode `json:"model"`
		Employer       string             `json:"employer"`
		Worker         string             `json:"worker"`
		State          store.State        `json:"state"`
		Arrived        string             `json:"arrived,omitempty"`    // RFC 3339, UTC
		ArrivedNS      string             `json:"arrived_ns,omitempty"` // decimal: JSON numbers lose digits
		BoundNS        int64              `json:"bound_ns,omitempty"`
		Node           clickday.NodeID    `json:"node,omitempty"`
		Number         int64              `json:"number,omitempty"`
		ProtocolNumber string             `json:"protocol_number,omitempty"`
		Code           clickday.Code      `json:"code,omitempty"`
		Reason         *clickday.Text     `json:"reason,omitempty"`
		ReceiptFile    string             `json:"receipt_file,omitempty"`
		List           *store.Standing    `json:"list,omitempty"`
	}
)

// printJSON writes one document; day "" is every day.
func (e *env) printJSON(s client.Snapshot, day string) error {
	out := jsonStatus{Paired: s.Paired, Portal: s.Portal, Account: s.Account, Days: []jsonDay{}}
	for i := range s.Days {
		if day == "" || s.Days[i].Code == day {
			out.Days = append(out.Days, jsonDayOf(&s.Days[i]))
		}
	}
	enc := json.NewEncoder(e.Out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func jsonDayOf(d *client.DayView) jsonDay {
	out := jsonDay{
		ID: d.ID, Code: d.Code, Title: d.Title, Opens: d.Opens, Closes: d.Closes, Phase: d.Phase,
		Counts: jsonCounts(d.Counts), Applications: []jsonApplication{},
	}
	for _, r := range d.Rows {
		a := jsonApplication{
			Application: r.Application, Submission: r.Submission, Model: r.Model, Employer: r.Employer, Worker: r.Worker,
			State: r.State, BoundNS: int64(r.Bound), Node: r.Node, Number: r.Number, ProtocolNumber: r.ProtocolNumber,
			Code: r.Code, ReceiptFile: r.ReceiptFile, List: r.List,
		}
		if !r.Arrived.IsZero() {
			a.Arrived, a.ArrivedNS = r.Arrived.Format(time.RFC3339Nano), strconv.FormatInt(r.Arrived.UnixNano(), 10)
		}
		if r.Code != "" {
			a.Reason = &r.Reason
		}
		out.Applications = append(out.Applications, a)
	}
	return out
}
