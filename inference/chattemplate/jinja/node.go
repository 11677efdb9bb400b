package jinja

// node is a statement or an output.
type node interface{}

// expr is an expression.
type expr interface{}

type (
	dataNode   struct{ text Text }
	outputNode struct {
		line int
		x    expr
	}
	ifNode struct {
		line     int
		branches []branch
		other    []node
	}
	branch struct {
		line int
		test expr
		body []node
	}
	forNode struct {
		line        int
		target      target
		list, test  expr
		body, other []node
		recursive   bool
	}
	setNode struct {
		line   int
		target target
		x      expr
	}
	// setBlockNode is {% set a | filter %}…{% endset %}.
	setBlockNode struct {
		line    int
		target  target
		filters expr // on stacked, nil without any
		body    []node
	}
	filterNode struct {
		line    int
		filters expr
		body    []node
	}
	withNode struct {
		line    int
		targets []target
		values  []expr
		body    []node
	}
	macroNode struct {
		line     int
		name     string
		params   []string
		defaults []expr // of the last ones
		body     []node
		uses     uses
	}
	callNode struct {
		line  int
		call  *callExpr
		macro *macroNode
	}
	blockNode struct {
		line int
		name string
		body []node
	}
	jumpNode struct{ how jump }
	// absentNode is a statement that needs a file.
	absentNode struct {
		line int
		word string
	}
)

// uses says which of the special names the body of a macro has.
type uses struct{ varargs, kwargs, caller bool }

// target is what a value is assigned to: a name, an attribute of a namespace, or
// a tuple of these.
type target struct {
	name, attr string
	tuple      []target
	isTuple    bool
}

type (
	constExpr  struct{ v Value }
	nameExpr   struct{ name string }
	concatExpr struct{ parts []expr }
	listExpr   struct {
		items []expr
		tuple bool
	}
	dictExpr  struct{ keys, values []expr }
	condExpr  struct{ test, yes, no expr } // no is nil without else
	andExpr   struct{ a, b expr }
	orExpr    struct{ a, b expr }
	notExpr   struct{ x expr }
	unaryExpr struct {
		op string
		x  expr
	}
	binaryExpr struct {
		op   string
		a, b expr
	}
	compareExpr struct {
		first expr
		ops   []string
		rest  []expr
	}
	attrExpr struct {
		x    expr
		name string
	}
	itemExpr  struct{ x, key expr }
	sliceExpr struct{ from, to, step expr } // within itemExpr
	callExpr  struct {
		line int
		f    expr
		args argList
	}
	filterExpr struct {
		line int
		x    expr
		name string
		args argList
	}
	testExpr struct {
		line int
		x    expr
		name string
		args argList
	}
	// stackedExpr is the text that a block captured.
	stackedExpr struct{}
)

// argList are the arguments of a call as they are written.
type argList struct {
	pos        []expr
	names      []string
	named      []expr
	list, dict expr // *args, **kwargs
}
