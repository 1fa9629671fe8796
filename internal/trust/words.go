package trust

import (
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/timestamping"
	"puntuale/internal/verdict"
)

// Causes are what errors of heads and time-stamps are called in Italian.
var Causes = []verdict.Cause{
	{Err: ledger.ErrSignature, IT: "non è firmata con la chiave del registro"},
	{Err: ledger.ErrCheckpoint, IT: "non è una testa di questa giornata, o non è scritta nell’unico modo ammesso"},
	{Err: ledger.ErrKey, IT: "la chiave del registro non si può usare"},
	{Err: timestamping.ErrImprint, IT: "è su altri byte"},
	{Err: timestamping.ErrChain, IT: "il certificato non porta a un’autorità di cui ci si fida"},
	{Err: timestamping.ErrToken, IT: "non è una marca temporale valida"},
}

// HeadWrong says that a head does not hold, and why; own causes come first.
func HeadWrong(err error, own ...verdict.Cause) clickday.Text {
	return verdict.Because("La testa del registro non vale", "The head of the ledger does not hold", err, slices.Concat(own, Causes))
}

// TimestampWrong says that a time-stamp does not hold, and why.
func TimestampWrong(err error) clickday.Text {
	return verdict.Because("La marca temporale non vale", "The time-stamp does not hold", err, Causes)
}
