package pairing

import "net/http"

type page struct{ titleIT, textIT, titleEN, textEN string }

var (
	donePage = page{
		"Computer collegato", "Puoi chiudere questa pagina e tornare al mini-client.",
		"Computer connected", "You can close this page and go back to the mini-client.",
	}
	deniedPage = page{
		"Collegamento annullato", "Il computer non è stato collegato. Puoi chiudere questa pagina e riprovare dal mini-client.",
		"Connection cancelled", "The computer was not connected. You can close this page and try again from the mini-client.",
	}
	strangePage = page{
		"Richiesta non riconosciuta", "Questa risposta non appartiene al collegamento in corso. Riparti dal mini-client.",
		"Request not recognised", "This answer does not belong to the connection under way. Start again from the mini-client.",
	}
)

const style = `body{font-family:"Titillium Web",system-ui,sans-serif;background:#f2f7fc;color:#17324d;margin:0;` +
	`display:grid;place-items:center;min-height:100vh}main{background:#fff;border-top:6px solid #06c;border-radius:8px;` +
	`padding:2.5rem 3rem;max-width:32rem;box-shadow:0 2px 24px #17324d22}h1,h2{margin:.2em 0;color:#06c}h2{font-size:1.1rem}` +
	`section+section{margin-top:1.5rem;padding-top:1.5rem;border-top:1px solid #d9e6f2}p{margin:.3em 0;line-height:1.5}`

// writePage writes a page of our own constants, nothing of the request.
func writePage(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	html := `<!doctype html><html lang="it"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<title>` + p.titleIT + ` · Puntuale</title><style>` + style + `</style><main><section><h1>` + p.titleIT + `</h1><p>` +
		p.textIT + `</p></section><section lang="en"><h2>` + p.titleEN + `</h2><p>` + p.textEN + `</p></section></main></html>`
	if _, err := w.Write([]byte(html)); err != nil {
		return // the browser has gone; the answer itself is already taken
	}
}
