package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/portalapi"
)

// Fault is why the network does not work, as far as an error tells.
type Fault string

const (
	FaultNone     Fault = ""
	FaultOffline  Fault = "offline"        // no network, or no name service
	FaultRefused  Fault = "refused"        // nobody listens there
	FaultTimeout  Fault = "timeout"        // no answer
	FaultStranger Fault = "stranger"       // a Wi-Fi log-in page or a filter answers
	FaultClock    Fault = "clock"          // a certificate that is not valid at this computer's time
	FaultProxy    Fault = "proxy"          // the proxy does not let us through
	FaultPassword Fault = "proxy_password" // the proxy wants a name and password
)

// FaultOf tells why the network does not work; FaultNone when the error says
// nothing of it.
func FaultOf(err error) Fault {
	var dns *net.DNSError
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var network net.Error
	switch {
	case err == nil:
		return FaultNone
	case errors.Is(err, link.ErrProxyAuth):
		return FaultPassword
	case errors.Is(err, link.ErrProxy):
		return FaultProxy
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return FaultClock
	case errors.Is(err, portalapi.ErrStranger), errors.As(err, &invalid), errors.As(err, &authority), errors.As(err, &name), errors.As(err, &record):
		return FaultStranger
	case errors.As(err, &dns), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return FaultOffline
	case errors.Is(err, syscall.ECONNREFUSED):
		return FaultRefused
	case errors.As(err, &network) && network.Timeout():
		return FaultTimeout
	}
	return FaultNone
}

var faultTexts = map[Fault]clickday.Text{
	FaultOffline:  {IT: "Questo computer non è in rete, o non trova il nome del servizio. Controlla cavo, Wi-Fi e router.", EN: "This computer is not online, or does not find the name of the service. Check cable, Wi-Fi and router."},
	FaultRefused:  {IT: "Il servizio non accetta connessioni in questo momento. Se altri siti funzionano, riprova tra qualche minuto.", EN: "The service takes no connections just now. If other sites work, try again in a few minutes."},
	FaultTimeout:  {IT: "Il servizio non risponde in tempo. La rete può essere lenta o bloccare il collegamento: prova un’altra rete.", EN: "The service does not answer in time. The network may be slow or block the connection: try another network."},
	FaultStranger: {IT: "Al posto del servizio risponde un altro: forse il Wi-Fi chiede di accedere (apri una pagina nel browser), oppure un antivirus o un filtro apre i collegamenti cifrati.", EN: "Somebody else answers in the place of the service: perhaps the Wi-Fi wants a log-in (open a page in the browser), or an antivirus or filter opens encrypted connections."},
	FaultClock:    {IT: "Il certificato del servizio non risulta valido alla data di questo computer: controlla data e ora del computer.", EN: "The certificate of the service is not valid at this computer's date: check date and time of the computer."},
	FaultProxy:    {IT: "Il proxy non lascia passare il collegamento: chiedi a chi gestisce la rete di ammettere gli indirizzi del servizio (porta inclusa).", EN: "The proxy does not let the connection through: ask whoever runs the network to allow the addresses of the service, with their port."},
	FaultPassword: {IT: "Il proxy chiede nome e password: indicali nell’impostazione del proxy (http://nome:password@proxy:porta).", EN: "The proxy asks for a name and password: give them in the proxy setting (http://name:password@proxy:port)."},
}

func isNetworkFault(err error) bool { return FaultOf(err) != FaultNone }

func explainNetwork(err error) clickday.Text { return faultTexts[FaultOf(err)] }
