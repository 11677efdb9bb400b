package jinja

import "strings"

// test is x is name(args).
func (r *run) test(x *testExpr, s *scope) Value {
	v := r.eval(x.x, s)
	a := r.arguments(x.args, s)
	r.line = x.line
	return r.passes(x.name, v, a)
}

// comparisons are the tests that are operators, by all of their names.
var comparisons = map[string]string{
	"eq": "==", "equalto": "==", "==": "==", "ne": "!=", "!=": "!=", "lt": "<", "lessthan": "<", "<": "<",
	"le": "<=", "<=": "<=", "gt": ">", "greaterthan": ">", ">": ">", "ge": ">=", ">=": ">=", "in": "in",
}

// passes reports whether v passes a test.
func (r *run) passes(name string, v Value, a arguments) bool {
	r.step(1)
	if op, ok := comparisons[name]; ok {
		other := r.bind(name, a, "other")[0]
		return truth(r.compares(&compareExpr{&constExpr{v}, []string{op}, []expr{&constExpr{other}}}, nil))
	}
	_, _, isInt, isNumber := numeric(v)
	isText := func() string { t, _ := v.(Text); return t.s }
	_, isBool := v.(bool)
	switch name {
	case "defined":
		return !isUndefined(v)
	case "undefined":
		return isUndefined(v)
	case "none":
		return v == nil
	case "boolean":
		return isBool
	case "true":
		return v == true
	case "false":
		return v == false
	case "integer":
		return isInt && !isBool
	case "float":
		_, ok := v.(float64)
		return ok
	case "number":
		return isNumber
	case "string":
		_, ok := v.(Text)
		return ok
	case "mapping":
		_, ok := v.(*Dict)
		return ok
	case "sequence", "iterable":
		switch v.(type) {
		case Text, *List, *Dict, *undefined:
			return true
		case *loop, *generator:
			return name == "iterable"
		}
		return false
	case "callable":
		switch v.(type) {
		case *function, *loop, *undefined:
			return true
		}
		return false
	case "odd", "even", "divisibleby":
		var by, rest Value = 2, 0
		switch name {
		case "divisibleby":
			by = r.bind(name, a, "num")[0]
		case "odd":
			rest = 1
		}
		return r.equal(r.binary("%", v, by), rest)
	case "lower":
		s := isText()
		return s == strings.ToLower(s) && s != strings.ToUpper(s)
	case "upper":
		s := isText()
		return s == strings.ToUpper(s) && s != strings.ToLower(s)
	case "sameas":
		other := r.bind(name, a, "other")[0]
		switch v.(type) {
		case nil, bool, int, float64, Text:
			return typeName(v) == typeName(other) && r.equal(v, other)
		}
		return v == other
	case "escaped":
		return false
	case "filter":
		_, ok := filters[isText()]
		return ok
	case "test":
		return isTest(isText())
	}
	r.fail("no test named %s", quote(name))
	return false
}

// isTest reports whether a test has this name.
func isTest(name string) bool {
	const others = " defined undefined none boolean true false integer float number string mapping sequence iterable" +
		" callable odd even divisibleby lower upper sameas escaped filter test "
	_, ok := comparisons[name]
	return ok || name != "" && strings.Contains(others, " "+name+" ")
}
