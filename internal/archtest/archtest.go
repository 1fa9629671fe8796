// Package archtest holds the architecture to its rules: which package may import
// which, how long files and functions may be, who may read the clock. It reads
// the sources themselves, whatever their build tags, so that the rules hold for
// every platform and for the desktop and the headless client alike. Its tests
// run the rules on this repository, and on a fixture that breaks each of them.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// File is one parsed source file. Test says whether its name ends in _test.go.
type File struct {
	Path  string // slash-separated, from the root of the repository
	Test  bool
	Lines int
	AST   *ast.File
}

// Package is the files of one directory.
type Package struct {
	Path  string // slash-separated, from the root: "internal/wire"
	Files []*File
}

// Tree is every package of a repository, by path.
type Tree struct {
	Module   string // import path of the root
	Packages map[string]*Package
	fset     *token.FileSet
}

// Violation is a rule that a place breaks.
type Violation struct {
	Rule  string
	Where string // path of a package or file, with a line where there is one
	What  string // what is wrong, and what to do instead
}

// String writes the violation on one line.
func (v Violation) String() string { return v.Rule + ": " + v.Where + ": " + v.What }

// Load parses every Go file below root, outside testdata and hidden directories.
func Load(root, module string) (*Tree, error) {
	t := &Tree{Module: module, Packages: map[string]*Package{}, fset: token.NewFileSet()}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (name == "testdata" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return t.add(path, filepath.ToSlash(rel))
	})
	if err != nil {
		return nil, fmt.Errorf("archtest: %w", err)
	}
	return t, nil
}

func (t *Tree) add(path, rel string) error {
	parsed, err := parser.ParseFile(t.fset, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	dir := "."
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		dir = rel[:i]
	}
	p := t.Packages[dir]
	if p == nil {
		p = &Package{Path: dir}
		t.Packages[dir] = p
	}
	p.Files = append(p.Files, &File{
		Path: rel, Test: strings.HasSuffix(rel, "_test.go"), AST: parsed, Lines: t.fset.File(parsed.FileStart).LineCount(),
	})
	return nil
}

// Sorted returns the packages in order of their paths.
func (t *Tree) Sorted() []*Package {
	out := make([]*Package, 0, len(t.Packages))
	for _, p := range t.Packages {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Imports returns the import paths of the package's files outside tests.
func (p *Package) Imports() []string {
	var out []string
	for _, f := range p.Files {
		if f.Test {
			continue
		}
		for _, s := range f.AST.Imports {
			path, err := strconv.Unquote(s.Path.Value)
			if err == nil && !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Local returns the path from the root of an import within the module.
func (t *Tree) Local(imported string) (string, bool) {
	return strings.CutPrefix(imported, t.Module+"/")
}

// Reach returns every import path that the package reaches through packages of
// the module, tests left aside, with the chain of packages that leads there.
func (t *Tree) Reach(p *Package) map[string]string {
	out := map[string]string{}
	var visit func(p *Package, chain string)
	visit = func(p *Package, chain string) {
		for _, imported := range p.Imports() {
			if _, seen := out[imported]; seen {
				continue
			}
			out[imported] = chain
			local, ok := t.Local(imported)
			if next := t.Packages[local]; ok && next != nil {
				visit(next, chain+" > "+local)
			}
		}
	}
	visit(p, p.Path)
	return out
}

func (t *Tree) line(n ast.Node) int { return t.fset.Position(n.Pos()).Line }

// within reports whether path is one of the roots or lies below one.
func within(path string, roots ...string) bool {
	for _, r := range roots {
		if path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}
