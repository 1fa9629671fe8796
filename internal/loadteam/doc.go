// Package loadteam lets several generators play one plan: a controller shares
// the senders out, hands every agent its part, tells all of them when to begin,
// and collects what came of it into one run directory, as if there had been one
// generator. Answers come back one by one and not as percentiles, so that
// whatever is computed of all of them together is exact.
//
//	key.go         the secret that a team has in common, and TLS made of it
//	split.go       one part into several, whole senders each
//	controller.go  who shares out and collects
//	agent.go       who generates
//	clocks.go      how far an agent's clock is from the controller's
package loadteam
