package bench

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/store"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// fillStore makes a paired profile with n sealed applications for two click
// days; the later half of the second day has its numbers. No portal and no
// intake stand behind it.
func fillStore(dir string, clk clock.Clock, n int) error {
	st, err := store.Open(dir)
	if err != nil {
		return err
	}
	calendarKey, signer, err := deviceOf()
	if err != nil {
		return errors.Join(err, st.Close())
	}
	now := clk.Now()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: []clickday.Day{
		benchDay(1, "B-2027", "Lavoro subordinato", now.Add(10*24*time.Hour)), benchDay(2, "B-2026", "Lavoro subordinato, anno precedente", now.Add(-300*24*time.Hour)),
	}}, signer)
	if err == nil {
		err = st.PutProfile(store.Profile{
			Portal: "http://127.0.0.1:9", Name: "Misura", Account: store.Account{ID: 1, Name: "Patronato Santa Lucia", Email: "patronato@example.it"},
			Device: "1", Keystore: keystore.KindFile, CalendarKey: calendarKey, Computer: "ufficio",
		})
	}
	if err == nil {
		err = st.PutCalendar(signed)
	}
	if err == nil {
		err = putSamples(dir, now, n)
	}
	return errors.Join(err, st.Close())
}

func benchDay(id clickday.DayID, code, title string, opens time.Time) clickday.Day {
	return clickday.Day{
		ID: id, Code: code, TitleIT: title, TitleEN: title, Models: []clickday.ModelCode{"B"}, Prepare: 1, Sync: 2,
		Opens: opens.UnixNano(), Closes: opens.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
	}
}

// putSamples seals n generated applications, the last quarter as sent before.
func putSamples(dir string, now time.Time, n int) error {
	models, err := forms.Load()
	if err != nil {
		return err
	}
	m, known := models.Newest("B")
	if !known {
		return errors.New("bench: no model B")
	}
	public, device, err := deviceOf()
	if err != nil {
		return err
	}
	r, dictionary := sample.New(2027), m.Dictionary()
	records := make([]store.Record, n)
	for i := range records {
		d := &forms.Document{Application: clickday.NewApplicationID(), Day: 1, Model: "B", ModelVersion: m.Version, SealVersion: 1, Answers: sample.ModelB(r, sample.Any)}
		if i >= n-n/4 {
			d.Day = 2
		}
		document, digest, err := forms.Freeze(d)
		if err != nil {
			return err
		}
		frame, err := wire.Compress(document, dictionary)
		if err != nil {
			return err
		}
		t := &wire.Ticket{
			KeyID: 1, Day: d.Day, Model: d.Model, ModelVersion: d.ModelVersion, Application: d.Application, SealVersion: 1,
			Digest: digest, Device: [32]byte(public), Account: 1, IssuedAt: now.Unix(), NotAfter: now.Add(24 * time.Hour).Unix(),
		}
		envelope, err := wire.SealEnvelope(wire.SealTicket(t, make([]byte, sha256.Size)), dictionary.ID, frame, device)
		if err != nil {
			return err
		}
		records[i] = store.Record{
			Application: d.Application.String(), Day: d.Day, Model: d.Model, ModelVersion: d.ModelVersion, SealVersion: 1,
			Envelope: envelope, Submission: wire.IDOf(envelope).String(), State: store.Prepared,
		}
		if records[i].Employer, records[i].Worker = m.SummaryOf(d.Answers); d.Day == 2 {
			age(&records[i], now, i)
		}
	}
	return writeRecords(dir, records)
}

// age makes a record one that was sent before and has its number.
func age(r *store.Record, now time.Time, i int) {
	r.State, r.Arrived, r.Node, r.Number = store.Receipted, now.Add(-300*24*time.Hour).UnixNano()+int64(i)*1e5, 1, int64(i+1)
	r.ProtocolNumber = clickday.ProtocolNumber("B-2026", r.Number)
}

// writeRecords puts records where a store finds them. Going through the store
// would wait for the disk once for each.
func writeRecords(dir string, records []store.Record) error {
	for i := range records {
		b, err := json.Marshal(&records[i])
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "applications", records[i].Application+".json"), b, 0o600)
		}
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return nil
}
