package client

import (
	"fmt"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/wire"
)

// PreviewView is what stands in a sealed application, as it is sent: unpacked
// from its envelope on this computer, not asked of the portal.
type PreviewView struct {
	Application string
	Sections    []forms.Section
	Problem     clickday.Text // why it cannot be shown; empty when it is
}

// Preview unpacks the sealed document of an application and writes it out in a
// language.
func (c *Client) Preview(application, lang string) PreviewView {
	v := PreviewView{Application: application}
	sections, err := c.preview(application, lang)
	if err != nil {
		c.Log.Warn("preview", "application", application, "err", err)
		v.Problem = clickday.Text{
			IT: "Il contenuto si può leggere solo sul portale: questa versione del programma non conosce il modello della domanda.",
			EN: "The content can be read on the portal only: this version of the program does not know the model of the application.",
		}
	}
	v.Sections = sections
	return v
}

func (c *Client) preview(application, lang string) ([]forms.Section, error) {
	r, known := c.store.Get(application)
	if !known {
		return nil, fmt.Errorf("no application %s", application)
	}
	e, err := wire.ParseEnvelope(r.Envelope)
	if err != nil {
		return nil, err
	}
	models, err := forms.Load()
	if err != nil {
		return nil, err
	}
	m, known := models.Model(r.Model, r.ModelVersion)
	if !known {
		return nil, fmt.Errorf("no model %s, version %d", r.Model, r.ModelVersion)
	}
	dec, err := wire.NewDecompressor(m.Dictionary())
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	b, err := dec.Document(&e)
	if err != nil {
		return nil, err
	}
	d, err := forms.Thaw(b)
	if err != nil {
		return nil, err
	}
	return m.Preview(d.Answers, lang), nil
}
