package installation

import (
	"net"
)

// Public body of a demonstration, as the protocol register names it.
const (
	bodyIPA = "ente_demo"
	bodyAOO = "AOO-DEMO"
)

// BodyArgs are the flags of `portal register export` for the same body.
func BodyArgs() []string {
	return []string{"--body-name", "Ente dimostrativo", "--body-ipa", bodyIPA, "--body-aoo", bodyAOO, "--body-aoo-name", "Protocollo"}
}

// workerExtras are the flags of protocol signatures and, with a mail server, of
// notices.
func (in *Installation) workerExtras() []string {
	args := BodyArgs()
	host, port, err := net.SplitHostPort(in.cfg.SMTP)
	if err != nil {
		return args // none is set
	}
	return append(args, "--smtp-host", host, "--smtp-port", port, "--smtp-tls", "none",
		"--smtp-from", "Ente dimostrativo <no-reply@demo.example>", "--portal-url", in.PortalURL)
}

func (in *Installation) portalExtras() []string {
	if in.cfg.MailDir == "" {
		return nil
	}
	return []string{"--dev-mail", in.cfg.MailDir}
}
