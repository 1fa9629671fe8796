package client

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/awake"
	"puntuale/internal/client/store"
)

// checkClock judges this computer's clock by the intake's, else by what the time
// servers say. A wrong one does not matter for sending, but for everything else.
func (c *Client) checkClock() Check {
	k := Check{ID: "clock", Grade: Good, Title: clickday.Text{IT: "Orologio del computer", EN: "Computer clock"}}
	v := c.Snapshot().Clock
	offset, known := v.Offset, v.Known
	if !known && v.Reference != nil && v.Reference.Server != "" {
		offset, known = v.Reference.Offset, true
	}
	if !known {
		k.Grade = Warn
		k.Finding = clickday.Text{IT: "Non si è potuto confrontarlo con nessun orologio.", EN: "It could not be compared with any clock."}
		k.Mend = clickday.Text{IT: "Ripeti il controllo quando la rete funziona.", EN: "Check again when the network works."}
		return k
	}
	k.Finding = clockFinding(offset)
	if offset.Abs() > clockWrong {
		k.Grade, k.Mend = Warn, clockMend()
	}
	return k
}

// ClockAdvice says in words that this computer's clock is wrong, and what of it;
// empty texts when it is right enough.
func ClockAdvice(v ClockView) clickday.Text {
	if !v.Known || v.Offset.Abs() <= clockWrong {
		return clickday.Text{}
	}
	f, m := clockFinding(v.Offset), clockMend()
	return clickday.Text{IT: f.IT + " " + m.IT, EN: f.EN + " " + m.EN}
}

func clockFinding(offset time.Duration) clickday.Text {
	by := offset.Abs().Round(time.Millisecond)
	switch {
	case offset.Abs() <= clockWrong:
		return clickday.Text{IT: fmt.Sprintf("È giusto: scarto %s.", by), EN: fmt.Sprintf("It is right: off by %s.", by)}
	case offset > 0:
		return clickday.Text{IT: fmt.Sprintf("È indietro di %s.", by), EN: fmt.Sprintf("It is %s behind.", by)}
	default:
		return clickday.Text{IT: fmt.Sprintf("È avanti di %s.", by), EN: fmt.Sprintf("It is %s ahead.", by)}
	}
}

func clockMend() clickday.Text {
	how := map[string]clickday.Text{
		"windows": {IT: "Impostazioni, Data/ora e lingua, Data e ora, Sincronizza ora", EN: "Settings, Time & language, Date & time, Sync now"},
		"darwin":  {IT: "Impostazioni di Sistema, Generali, Data e ora, imposta automaticamente", EN: "System Settings, General, Date & Time, set automatically"},
	}[runtime.GOOS]
	if how == (clickday.Text{}) {
		how = clickday.Text{IT: "timedatectl set-ntp true", EN: "timedatectl set-ntp true"}
	}
	return clickday.Text{
		IT: "Per l’invio non conta: vale l’orologio del nodo di ricezione, che il programma misura da sé. Conviene comunque correggerlo: " + how.IT + ".",
		EN: "It does not matter for sending: what counts is the intake's clock, which the program measures itself. It is worth correcting all the same: " + how.EN + ".",
	}
}

// checkDisk writes durably what a click day writes, and looks for room.
func (c *Client) checkDisk() Check {
	k := Check{ID: "disk", Grade: Good, Title: clickday.Text{IT: "Disco", EN: "Disk"}}
	path := filepath.Join(c.Dir, "check.tmp")
	began := c.base.Now()
	err := store.WriteFile(path, make([]byte, 4096), false)
	took := time.Duration(c.base.Now() - began)
	if err == nil {
		err = os.Remove(path)
	}
	var free uint64
	if err == nil {
		free, err = store.Free(c.Dir)
	}
	if err != nil {
		k.Grade = Bad
		k.Finding = clickday.Text{IT: "Non si può scrivere in " + c.Dir + ".", EN: "It is not possible to write to " + c.Dir + "."}
		k.Mend = clickday.Text{
			IT: "Libera spazio o correggi i permessi della cartella, oppure scegline un’altra con --dir. Dettaglio: " + err.Error(),
			EN: "Free some room or mend the permissions of the folder, or choose another with --dir. Detail: " + err.Error(),
		}
		return k
	}
	k.Finding = clickday.Text{
		IT: fmt.Sprintf("Scrittura sicura in %s, %d MiB liberi.", took.Round(time.Millisecond), free>>20),
		EN: fmt.Sprintf("Durable write in %s, %d MiB free.", took.Round(time.Millisecond), free>>20),
	}
	switch {
	case free < diskFree:
		k.Grade = Bad
		k.Mend = clickday.Text{IT: "Libera almeno 200 MiB.", EN: "Free at least 200 MiB."}
	case took > diskSlow:
		k.Grade = Warn
		k.Mend = clickday.Text{
			IT: "Il disco è lento o molto occupato: chiudi ciò che lo usa, e non tenere la cartella su una rete o su una chiavetta.",
			EN: "The disk is slow or very busy: close what uses it, and do not keep the folder on a network or on a stick.",
		}
	}
	return k
}

// checkSleep tries to keep the computer awake, for a moment.
func (c *Client) checkSleep() Check {
	k := Check{ID: "sleep", Grade: Good, Title: clickday.Text{IT: "Sospensione", EN: "Sleep"}}
	hold, err := c.Awake("Puntuale")
	if err == nil {
		err = hold.Release()
	}
	if err != nil {
		k.Grade = Warn
		k.Finding = clickday.Text{IT: "Il sistema non permette di impedire la sospensione.", EN: "The system does not let us prevent sleep."}
		k.Mend = clickday.Text{
			IT: "Disattiva sospensione e ibernazione nelle impostazioni di risparmio energetico per il giorno del click.",
			EN: "Turn sleep and hibernation off in the power settings for the click day.",
		}
		return k
	}
	k.Finding = clickday.Text{IT: "Durante l’attesa il computer resta acceso.", EN: "While waiting the computer stays awake."}
	if !hold.Lid && awake.Look().Lid {
		k.Grade = Warn
		k.Mend = clickday.Text{IT: "Chiudere il coperchio lo sospende comunque: lascialo aperto.", EN: "Closing the lid puts it to sleep all the same: leave it open."}
	}
	return k
}

func checkBattery(p awake.Power) Check {
	k := Check{ID: "battery", Grade: Good, Title: clickday.Text{IT: "Alimentazione", EN: "Power"}}
	switch {
	case !p.Known, !p.Battery:
		k.Finding = clickday.Text{IT: "Il computer non risulta andare a batteria.", EN: "The computer does not seem to run on battery."}
	case !p.OnBattery:
		k.Finding = clickday.Text{IT: fmt.Sprintf("Collegato alla rete elettrica, batteria al %d %%.", p.Percent), EN: fmt.Sprintf("Plugged in, battery at %d %%.", p.Percent)}
	default:
		k.Grade = Warn
		k.Finding = clickday.Text{IT: fmt.Sprintf("Va a batteria, carica al %d %%.", p.Percent), EN: fmt.Sprintf("On battery, charged to %d %%.", p.Percent)}
		k.Mend = clickday.Text{IT: "Collega l’alimentatore prima del click day.", EN: "Plug it in before the click day."}
		if p.Percent < batteryLow {
			k.Grade = Bad
		}
	}
	return k
}
