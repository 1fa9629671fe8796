package archtest

import (
	"fmt"
	"go/ast"
	"strings"
)

// Limits of the sources outside tests, in lines.
const (
	FileMax     = 400
	FunctionMax = 60
	MainMax     = 40
)

// Sizes checks files, functions and main functions against their limits.
func Sizes(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.sources() {
		if f.Lines > FileMax {
			out = append(out, Violation{"size", f.Path, fmt.Sprintf("%d lines, at most %d: split it by what its parts do", f.Lines, FileMax)})
		}
		for _, d := range f.AST.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			limit := FunctionMax
			if fn.Name.Name == "main" && fn.Recv == nil && f.AST.Name.Name == "main" {
				limit = MainMax
			}
			from, to := t.line(fn), t.fset.Position(fn.End()).Line
			if n := to - from + 1; n > limit {
				out = append(out, Violation{"size", fmt.Sprintf("%s:%d", f.Path, from), fmt.Sprintf("%s has %d lines, at most %d", fn.Name.Name, n, limit)})
			}
		}
	}
	return out
}

// clockFunctions are those of package time that read the machine's clock.
var clockFunctions = map[string]bool{"Now": true, "Since": true, "Until": true}

// Clock checks that only internal/clock reads the machine's time, and that
// nothing sleeps: a sleep cannot be ended by a context, a timer can.
func Clock(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.sources() {
		name, ok := timeName(f.AST)
		if !ok {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); !ok || x.Name != name {
				return true
			}
			where := fmt.Sprintf("%s:%d", f.Path, t.line(sel))
			switch {
			case clockFunctions[sel.Sel.Name] && !strings.HasPrefix(f.Path, "internal/clock/"):
				out = append(out, Violation{"clock", where, "time." + sel.Sel.Name + ": take a clock.Clock instead"})
			case sel.Sel.Name == "Sleep":
				out = append(out, Violation{"sleep", where, "time.Sleep: wait on a timer and the context"})
			}
			return true
		})
	}
	return out
}

// timeName returns what the file calls package time.
func timeName(f *ast.File) (string, bool) {
	for _, s := range f.Imports {
		if s.Path.Value != `"time"` {
			continue
		}
		if s.Name != nil {
			return s.Name.Name, true
		}
		return "time", true
	}
	return "", false
}

// Comments checks that every package says what is inside, once.
func Comments(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Sorted() {
		count, want := 0, ""
		for _, f := range p.Files {
			if f.Test {
				continue
			}
			if want = "Package " + f.AST.Name.Name + " "; f.AST.Name.Name == "main" {
				want = ""
			}
			if f.AST.Doc != nil && strings.HasPrefix(f.AST.Doc.Text(), want) {
				count++
			}
		}
		if sources := len(p.Files) > 0 && !p.onlyTests(); sources && count != 1 {
			out = append(out, Violation{"comment", p.Path, fmt.Sprintf("%d package comments that begin with %q, want one", count, want)})
		}
	}
	return out
}

func (p *Package) onlyTests() bool {
	for _, f := range p.Files {
		if !f.Test {
			return false
		}
	}
	return true
}

// sources returns every file outside tests.
func (t *Tree) sources() []*File {
	var out []*File
	for _, p := range t.Sorted() {
		for _, f := range p.Files {
			if !f.Test {
				out = append(out, f)
			}
		}
	}
	return out
}
