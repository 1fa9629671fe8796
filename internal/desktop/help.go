package desktop

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
)

// bodyMax is how much of a message fits an address of an e-mail safely.
const bodyMax = 1500

// helpPage has the phone number, answers to usual questions and the form for
// requests, with those that were made.
type helpPage struct {
	v       *View
	root    *container.Scroll
	phone   *widget.Label
	hours   *widget.Label
	facts   *fields
	topic   *widget.Select
	message *widget.Entry
	attach  *widget.Check
	send    *widget.Button // from this program
	other   *widget.Button // by the mail program, or the portal's page
	way     *widget.Label
	past    *fyne.Container // requests that were made
	drawn   string          // what past shows
}

// topics are what a request may be about, and its kind for the help desk.
var topics = []struct{ key, kind string }{
	{"topic_pair", portalapi.TicketTechnical},
	{"topic_network", portalapi.TicketTechnical},
	{"topic_send", portalapi.TicketTechnical},
	{"topic_receipt", portalapi.TicketFunctional},
	{"topic_rules", portalapi.TicketLegal},
	{"topic_other", portalapi.TicketFunctional},
}

// pastShown is how many requests are listed, the newest first.
const pastShown = 8

func newHelpPage(v *View) *helpPage {
	h := &helpPage{v: v, phone: sized("", sizeFigure, true), hours: paragraph(""), facts: newWideFields(), message: widget.NewMultiLineEntry(), way: caption("")}
	h.phone.Selectable, h.phone.Importance = true, widget.HighImportance
	h.topic = widget.NewSelect(nil, func(string) { h.check() })
	for _, t := range topics {
		h.topic.Options = append(h.topic.Options, v.say(t.key))
	}
	h.topic.PlaceHolder = v.say("topic")
	h.message.SetPlaceHolder(v.say("message"))
	h.message.Wrapping = fyne.TextWrapWord
	h.message.SetMinRowsVisible(5)
	h.message.OnChanged = func(string) { h.check() }
	h.attach = widget.NewCheck(v.say("attach"), nil)
	h.attach.OnChanged = func(on bool) {
		if on && v.last.Report == "" {
			v.actions.Diagnose(v.lang)
		}
	}
	h.send = widget.NewButtonWithIcon(v.say("ticket_send"), theme.MailSendIcon(), h.ask)
	h.send.Importance = widget.HighImportance
	h.other = widget.NewButton(v.say("ticket_mail_open"), h.write)
	h.send.Hide() // until this computer is connected
	h.send.Disable()
	h.other.Disable()
	h.past = container.NewVBox()
	h.root = page(
		heading(v.say("help_title")), panel(container.New(tight, h.phone, h.hours), h.facts.box),
		heading(v.say("ticket_title")), paragraph(v.say("ticket_text")), h.topic, h.message, h.attach, h.way, left(h.send, h.other), h.past,
		widget.NewSeparator(), heading(v.say("faq_title")), h.questions(),
		widget.NewSeparator(), heading(v.say("keys_title")), paragraph(v.say("keys_text")),
	)
	return h
}

func (h *helpPage) questions() fyne.CanvasObject {
	a := widget.NewAccordion()
	for _, k := range []string{"1", "2", "3", "4", "5", "6"} {
		a.Append(widget.NewAccordionItem(h.v.say("q"+k), paragraph(h.v.say("a"+k))))
	}
	return a
}

// check offers to send what is complete: from this program once it is connected.
func (h *helpPage) check() {
	complete := h.topic.SelectedIndex() >= 0 && len(h.message.Text) > 0
	setEnabled(h.send, complete && h.v.last.Paired)
	setEnabled(h.other, complete)
}

// ask hands the request to the core, which puts it on disk and sends it.
func (h *helpPage) ask() {
	t := portalapi.Ticket{Kind: topics[h.topic.SelectedIndex()].kind, Subject: h.topic.Selected, Text: h.message.Text}
	if h.attach.Checked {
		t.Diagnostics = h.v.last.Report
	}
	h.send.Disable() // until something changes: twice is two requests
	h.v.actions.Ask(t)
}

// text is the whole message, with the report if that is wanted.
func (h *helpPage) text() string {
	text := h.topic.Selected + "\n\n" + h.message.Text
	if h.attach.Checked && h.v.last.Report != "" {
		text += "\n\n----\n" + h.v.last.Report
	}
	return text
}

// write hands the message over: to the mail program, else to the portal's page.
// The whole of it is in the clipboard in both cases.
func (h *helpPage) write() {
	text, help := h.text(), h.v.last.Help
	h.v.app.Clipboard().SetContent(text)
	if help.Email == "" {
		h.v.actions.Browse(cmp.Or(help.Page, h.v.last.Portal))
		return
	}
	body := text
	if len(body) > bodyMax {
		body = h.topic.Selected + "\n\n" + h.message.Text
		body = cut(body, bodyMax) + "\n\n" + h.v.say("paste_here")
	}
	h.v.actions.Browse("mailto:" + help.Email + "?subject=" + url.PathEscape("Puntuale: "+h.topic.Selected) + "&body=" + url.PathEscape(body))
}

func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func (h *helpPage) show(s *client.Snapshot) {
	v, help := h.v, s.Help
	phone, hours := help.Phone, help.Hours.In(v.lang)
	if phone == "" {
		phone, hours = "–", v.say("no_phone")
	}
	setLabel(h.phone, phone)
	setLabel(h.hours, hours)
	setVisible(h.hours, hours != "")
	h.facts.show(v.say("a_email"), help.Email, v.say("help_page"), cmp.Or(help.Page, s.Portal))
	way, open := "ticket_direct", "ticket_mail_open"
	if help.Email == "" {
		open = "ticket_page_open"
	}
	if s.Portal == "" && help.Email == "" {
		way, open = "ticket_later", "ticket_copy"
	} else if !s.Paired {
		way = "ticket_other"
	}
	setLabel(h.way, v.say(way))
	if h.send.Visible() != s.Paired {
		setVisible(h.send, s.Paired)
		h.check()
	}
	if h.other.Text != v.say(open) {
		h.other.SetText(v.say(open))
	}
	h.showPast(s.Tickets)
}

// showPast lists the newest requests, and empties the form of one that was taken.
func (h *helpPage) showPast(ts []store.Ticket) {
	var lines []string
	for i := len(ts) - 1; i >= max(0, len(ts)-pastShown); i-- {
		lines = append(lines, h.pastLine(&ts[i]))
	}
	all := strings.Join(lines, "\n")
	if all == h.drawn {
		return
	}
	h.drawn = all
	h.past.RemoveAll()
	if len(lines) > 0 {
		h.past.Add(subheading(h.v.say("tickets_title")))
	}
	for _, l := range lines {
		h.past.Add(paragraph(l))
	}
	if last := len(ts) - 1; last >= 0 && ts[last].Text == h.message.Text && ts[last].Failure == (clickday.Text{}) {
		h.message.SetText("")
	}
	h.check()
}

// pastLine is one request in words.
func (h *helpPage) pastLine(t *store.Ticket) string {
	v := h.v
	line := time.Unix(0, t.Written).In(client.Rome).Format("02/01/2006 15:04") + "  " + t.Subject + "  –  "
	switch {
	case t.Number != "":
		return line + v.say("ticket_number", t.Number)
	case t.Waiting():
		return line + v.say("ticket_waits")
	default:
		return line + v.say("ticket_refused", t.Failure.In(v.lang))
	}
}
