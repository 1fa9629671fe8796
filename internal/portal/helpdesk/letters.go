package helpdesk

import (
	"fmt"

	"puntuale/internal/accounts"
	"puntuale/internal/helpdesk"
	"puntuale/internal/notices"
	"puntuale/internal/portal/site"
)

const (
	roleDesk    = accounts.HelpDesk
	roleAuditor = accounts.Auditor
)

// mail is the keys of a letter's texts.
type mail struct{ subject, text, where string }

var (
	mailOfNew    = mail{"help.mail.new.subject", "help.mail.new.text", "help.mail.new.where"}
	mailOfAnswer = mail{"help.mail.answer.subject", "help.mail.answer.text", "help.mail.answer.where"}
)

// confirmation tells the number of a new ticket. The token is empty where the
// conversation needs a log-in.
func (d *Desk) confirmation(token string) helpdesk.Letters {
	return func(t *helpdesk.Ticket) notices.Letter {
		return d.letter(t, &mailOfNew, token)
	}
}

// answered tells that there is an answer. It does not carry the answer: mail is
// read by others too. Who has no account gets a fresh link with every answer.
func (d *Desk) answered() helpdesk.Letters {
	return func(t *helpdesk.Ticket) notices.Letter { return d.letter(t, &mailOfAnswer, "") }
}

func (d *Desk) letter(t *helpdesk.Ticket, words *mail, token string) notices.Letter {
	v := &site.Visit{Lang: t.Person.Lang}
	link := d.site.PublicURL() + "/help/tickets/" + t.Number
	if token != "" {
		link = d.site.PublicURL() + address(t.Number, token)
	}
	where := d.site.Say(v, words.where)
	if t.Person.Account == 0 && token == "" {
		// The link of the first letter holds the only token there is.
		where, link = d.site.Say(v, "help.mail.link"), d.site.PublicURL()+"/help"
	}
	return notices.Letter{
		To: t.Person.Email, Name: t.Person.Name, Lang: t.Person.Lang, Subject: d.site.Say(v, words.subject, t.Number),
		Text: d.site.Say(v, words.text, t.Number, t.Subject) + "\n\n" + where + "\n\n" + link,
		Key:  fmt.Sprintf("ticket/%s/%d", t.Number, t.Revision),
	}
}
