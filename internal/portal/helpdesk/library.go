package helpdesk

import (
	"net/http"
	"strconv"

	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/site"
)

type answersView struct {
	site.Base
	Rows    []answerRow
	Kinds   []choice
	Edit    helpdesk.Answer
	Problem string // key of the texts
}

type answerRow struct {
	ID          int64
	Kind, Title string // Kind is a key of the texts
	Updated     string
}

// answers is the library of prepared answers, with a form for one of them
// (?edit=) or a new one.
func (d *Desk) answers(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showAnswers(w, r, v, http.StatusOK, &answersView{})
}

func (d *Desk) showAnswers(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *answersView) error {
	all, err := d.store.Answers(r.Context())
	if err != nil {
		return err
	}
	edit := r.URL.Query().Get("edit")
	for i := range all {
		a := &all[i]
		data.Rows = append(data.Rows, answerRow{a.ID, "help.kind." + string(a.Kind), a.Title, d.site.Minute(v, a.UpdatedAt)})
		if data.Problem == "" && strconv.FormatInt(a.ID, 10) == edit {
			data.Edit = *a
		}
	}
	data.Base = site.Base{Title: "help.answers", Nav: "desk", Crumbs: d.deskCrumbs(v, d.site.Say(v, "help.answers"))}
	data.Kinds = kinds(data.Edit.Kind, "help.choose")
	return d.site.Render(w, r, v, status, "deskanswers", data)
}

// saveAnswer stores, or deletes, a prepared answer.
func (d *Desk) saveAnswer(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	if r.PostForm.Get("delete") != "" {
		if err := d.store.DeleteAnswer(r.Context(), id); err != nil {
			return err
		}
		http.Redirect(w, r, "/desk/answers", http.StatusSeeOther)
		return nil
	}
	a := helpdesk.Answer{ID: id, Kind: helpdesk.Kind(r.PostForm.Get("kind")), Title: line(r, "title"), Text: both(r, "text")}
	if a.Title == "" || a.Text.IT == "" || a.Text.EN == "" || !known(a.Kind) {
		return d.showAnswers(w, r, v, http.StatusUnprocessableEntity, &answersView{Edit: a, Problem: "help.wrong.all"})
	}
	if err := d.store.SaveAnswer(r.Context(), &a, d.site.Clock().Now()); err != nil {
		return err
	}
	d.site.Flash(r, "help.flash.saved")
	http.Redirect(w, r, "/desk/answers", http.StatusSeeOther)
	return nil
}

type questionsView struct {
	site.Base
	Rows    []questionRow
	Kinds   []choice
	Edit    helpdesk.Question
	Problem string // key of the texts
}

type questionRow struct {
	ID             int64
	Kind, Question string // Kind is a key of the texts
	Position       int
	Public         bool
}

// questions are those asked often, for the desk to edit.
func (d *Desk) questions(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showQuestions(w, r, v, http.StatusOK, &questionsView{Edit: helpdesk.Question{Public: true}})
}

func (d *Desk) showQuestions(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *questionsView) error {
	all, err := d.store.Questions(r.Context(), "", v.Lang, false)
	if err != nil {
		return err
	}
	edit := r.URL.Query().Get("edit")
	for i := range all {
		q := &all[i]
		data.Rows = append(data.Rows, questionRow{q.ID, "help.kind." + string(q.Kind), q.Question.In(v.Lang), q.Position, q.Public})
		if data.Problem == "" && strconv.FormatInt(q.ID, 10) == edit {
			data.Edit = *q
		}
	}
	data.Base = site.Base{Title: "help.questions", Nav: "desk", Crumbs: d.deskCrumbs(v, d.site.Say(v, "help.questions"))}
	data.Kinds = kinds(data.Edit.Kind, "help.choose")
	return d.site.Render(w, r, v, status, "deskquestions", data)
}

func (d *Desk) saveQuestion(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	q := helpdesk.Question{
		ID: id, Kind: helpdesk.Kind(r.PostForm.Get("kind")), Question: both(r, "question"), Answer: both(r, "answer"), Public: r.PostForm.Get("public") != "",
	}
	position, err := number(r, "position")
	q.Position = int(position)
	if err != nil || position > 1_000_000 || q.Question.IT == "" || q.Question.EN == "" || q.Answer.IT == "" || q.Answer.EN == "" || !known(q.Kind) {
		return d.showQuestions(w, r, v, http.StatusUnprocessableEntity, &questionsView{Edit: q, Problem: "help.wrong.all"})
	}
	if err := d.store.SaveQuestion(r.Context(), &q); err != nil {
		return err
	}
	d.site.Flash(r, "help.flash.saved")
	http.Redirect(w, r, "/desk/questions", http.StatusSeeOther)
	return nil
}

func known(k helpdesk.Kind) bool {
	return k == helpdesk.Technical || k == helpdesk.Functional || k == helpdesk.Legal
}

// number reads a number that is not negative; a field that is empty is 0.
func number(r *http.Request, field string) (int64, error) {
	s := r.PostForm.Get(field)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, site.ErrBadRequest
	}
	return n, nil
}

func line(r *http.Request, field string) string {
	text, tooLong := helpdesk.Text(r.PostForm.Get(field))
	if tooLong {
		return ""
	}
	return text
}

func both(r *http.Request, field string) clickday.Text {
	return clickday.Text{IT: line(r, field+"_it"), EN: line(r, field+"_en")}
}
