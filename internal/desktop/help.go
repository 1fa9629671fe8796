package desktop

import (
	"cmp"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// bodyMax is how much of a message fits an address of an e-mail safely.
const bodyMax = 1500

// helpPage has the phone number, answers to usual questions and the ticket form.
type helpPage struct {
	v       *View
	root    *container.Scroll
	phone   *widget.Label
	hours   *widget.Label
	facts   *fields
	topic   *widget.Select
	message *widget.Entry
	attach  *widget.Check
	send    *widget.Button
	way     *widget.Label
	last    *client.Snapshot
}

var topicKeys = []string{"topic_pair", "topic_network", "topic_send", "topic_receipt", "topic_other"}

func newHelpPage(v *View) *helpPage {
	h := &helpPage{v: v, phone: sized("", sizeFigure, true), hours: paragraph(""), facts: newWideFields(), message: widget.NewMultiLineEntry(), way: caption("")}
	h.phone.Selectable, h.phone.Importance = true, widget.HighImportance
	h.topic = widget.NewSelect(nil, func(string) { h.check() })
	for _, k := range topicKeys {
		h.topic.Options = append(h.topic.Options, v.say(k))
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
	h.send = widget.NewButtonWithIcon(v.say("ticket_send"), theme.MailSendIcon(), h.tap)
	h.send.Importance = widget.HighImportance
	h.send.Disable()
	h.root = page(
		heading(v.say("help_title")), panel(container.New(tight, h.phone, h.hours), h.facts.box),
		heading(v.say("ticket_title")), paragraph(v.say("ticket_text")), h.topic, h.message, h.attach, h.way, left(h.send),
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

func (h *helpPage) check() {
	setEnabled(h.send, h.topic.SelectedIndex() >= 0 && len(h.message.Text) > 0)
}

// text is the whole message, with the report if that is wanted.
func (h *helpPage) text() string {
	text := h.topic.Selected + "\n\n" + h.message.Text
	if h.attach.Checked && h.v.last.Report != "" {
		text += "\n\n----\n" + h.v.last.Report
	}
	return text
}

// tap hands the message over: to the mail program, else to the portal's page.
// The whole of it is in the clipboard in both cases.
func (h *helpPage) tap() {
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
	way := "ticket_mail"
	if help.Email == "" {
		way = "ticket_page"
	}
	setLabel(h.way, v.say(way))
	if s.Portal == "" && help.Email == "" {
		setLabel(h.way, v.say("ticket_later"))
	}
}
