package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostMethods is how many methods a type of app may have: a type with more is several.
const mostMethods = 40

// moreMethods are the types that have more, and how many they may have until they are split.
var moreMethods = map[string]int{}

// typeMethods are the methods of a type that are declared for it, and the types of app that it embeds.
type typeMethods struct {
	own    map[string]bool
	embeds []string
}

// TestMethods counts the methods of every type in app, in all files, whatever system they are for. What is
// promoted from embedded types of app counts, each method once.
func TestMethods(t *testing.T) {
	types := map[string]*typeMethods{}
	at := func(name string) *typeMethods {
		if types[name] == nil {
			types[name] = &typeMethods{own: map[string]bool{}}
		}
		return types[name]
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		declared(file, "tern/app/"+filepath.ToSlash(filepath.Dir(path)), at)
		return nil
	})
	if err != nil || len(types) < 100 {
		t.Fatalf("%d types: %v", len(types), err)
	}
	if n := len(allMethods(types, "tern/app/chat.Controller", nil)); n < 20 {
		t.Fatalf("chat.Controller has only %d methods: too few are seen", n)
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		n := len(allMethods(types, name, nil))
		most, listed := moreMethods[name]
		switch {
		case listed && n <= mostMethods:
			t.Errorf("%s has %d methods now: take it off the list", name, n)
		case n > max(mostMethods, most):
			t.Errorf("%s has %d methods", name, n)
		}
	}
}

// declared adds the types and methods of a file of a package.
func declared(file *ast.File, pkg string, at func(string) *typeMethods) {
	imports := map[string]string{}
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = path
	}
	// nameOf is the name of a type that is written as an embedded field or a receiver is.
	var nameOf func(ast.Expr) string
	nameOf = func(e ast.Expr) string {
		switch x := e.(type) {
		case *ast.StarExpr:
			return nameOf(x.X)
		case *ast.IndexExpr:
			return nameOf(x.X)
		case *ast.Ident:
			return pkg + "." + x.Name
		case *ast.SelectorExpr:
			if from, ok := x.X.(*ast.Ident); ok {
				return imports[from.Name] + "." + x.Sel.Name
			}
		}
		return ""
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				at(nameOf(d.Recv.List[0].Type)).own[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				to := at(pkg + "." + spec.Name.Name)
				var fields *ast.FieldList
				switch x := spec.Type.(type) {
				case *ast.StructType:
					fields = x.Fields
				case *ast.InterfaceType:
					fields = x.Methods
				default:
					if spec.Assign.IsValid() { // an alias has the methods of the other type
						to.embeds = append(to.embeds, nameOf(x))
					}
					continue
				}
				for _, f := range fields.List {
					_, isMethod := f.Type.(*ast.FuncType)
					switch {
					case len(f.Names) == 0:
						to.embeds = append(to.embeds, nameOf(f.Type))
					case isMethod && isInterface(spec.Type):
						to.own[f.Names[0].Name] = true
					}
				}
			}
		}
	}
}

func isInterface(e ast.Expr) bool { _, ok := e.(*ast.InterfaceType); return ok }

// allMethods are the names of the methods of a type, promoted ones among them.
func allMethods(types map[string]*typeMethods, name string, seen []string) map[string]bool {
	all := map[string]bool{}
	if types[name] == nil || slices.Contains(seen, name) {
		return all
	}
	maps.Copy(all, types[name].own)
	for _, e := range types[name].embeds {
		maps.Copy(all, allMethods(types, e, append(seen, name)))
	}
	return all
}
