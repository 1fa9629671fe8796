package clockwatch

import (
	"context"
	"log/slog"
)

// report logs what has changed from one view to the next, a line a change.
func report(log *slog.Logger, old, v *View) {
	if v.Steps != old.Steps {
		log.Error("the clock was set while a node uses it", "by", v.LastStep, "steps", v.Steps)
	}
	if v.Leap != old.Leap {
		log.Warn("leap second", "announced", v.Leap)
	}
	for i := range v.Servers {
		reportServer(log, &old.Servers[i], &v.Servers[i])
	}
	if v.Level != old.Level || v.Reason != old.Reason {
		log.Log(context.Background(), severity(v.Level), "clock "+v.Level.String(), "reason", v.Reason, "offset", v.Offset, "bound", v.Bound,
			"agreeing", v.Agreeing, "servers", len(v.Servers))
	}
}

func severity(l Level) slog.Level {
	switch l {
	case Refuse:
		return slog.LevelError
	case Degraded:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

func reportServer(log *slog.Logger, old, v *ServerView) {
	switch {
	case v.Denied && !old.Denied:
		log.Warn("time server does not want to be asked; it is left alone until a restart", "server", v.Name, "error", v.Failure)
	case v.Failure != "" && old.Failure == "":
		log.Warn("time server fails", "server", v.Name, "error", v.Failure)
	case v.Failure == "" && old.Failure != "":
		log.Info("time server answers again", "server", v.Name)
	}
	switch {
	case v.False && !old.False:
		log.Warn("time server disagrees with the others and is not believed", "server", v.Name, "offset", v.Offset, "bound", v.Bound)
	case old.False && !v.False:
		log.Info("time server is believed again", "server", v.Name, "heard", v.Heard)
	}
}
