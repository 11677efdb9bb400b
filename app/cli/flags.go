package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tern/app/check"
	"tern/inference"
	"tern/inference/sampling"
)

// flags is the flag set of one command, and its help.
type flags struct {
	*flag.FlagSet
	usage   string // the arguments, after the command's name
	about   string // what the command does and prints
	example string // whole command lines
	model   source // MODEL
}

func newFlags(name, usage, about, example string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), usage: usage, about: about, example: example}
	f.SetOutput(io.Discard) // Exit reports errors
	return f
}

// modelFlag adds -m.
func (f *flags) modelFlag() {
	f.Func("m", "the `MODEL`: a folder or a file in it; the built-in model without this", func(s string) error {
		if s == "" {
			return errors.New("the path is empty")
		}
		f.model.path = s
		return nil
	})
	f.correctFlag()
}

// correctFlag adds --correct.
func (f *flags) correctFlag() {
	f.Func("correct", "read the checkpoint other than it says, as tern check advises: `LIST` of "+strings.Join(check.Names(), ", "), func(s string) (err error) {
		var list check.Corrections
		list, err = check.ParseCorrections(s)
		f.model.corrections = append(f.model.corrections, list...)
		return err
	})
	f.Func("input", "what the ternary matrices of a Llama multiply with, `KIND`: int8, as BitNet is trained, or float, as BitCPM and TriLM are", func(s string) error {
		switch strings.ToLower(s) {
		case "int8":
			f.model.corrections = append(f.model.corrections, check.InputInt8)
		case "float":
			f.model.corrections = append(f.model.corrections, check.InputFloat)
		default:
			return errors.New("want int8 or float")
		}
		return nil
	})
}

// parse reads args, in which flags and bare arguments come in any order, and
// returns the bare ones. Everything after "--" is bare.
func (f *flags) parse(args []string) (bare []string, err error) {
	for {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, &helpRequest{f.help()}
		} else if err != nil {
			return nil, f.wrong("%v", err)
		}
		rest := f.Args()
		if len(rest) == 0 {
			return bare, nil
		}
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			return append(bare, rest...), nil
		}
		bare, args = append(bare, rest[0]), rest[1:]
	}
}

// parseModel is parse for a command whose one bare argument is MODEL.
func (f *flags) parseModel(args []string) error {
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) > 0 && f.model.path == "" {
		if bare[0] == "" {
			return f.wrong("the path of the model is empty")
		}
		f.model.path, bare = bare[0], bare[1:]
	}
	if len(bare) > 0 {
		return f.wrong("%q is one argument too many", bare[0])
	}
	return nil
}

// wrong is a usage error of this command.
func (f *flags) wrong(format string, args ...any) error {
	return &usageError{f.Name(), fmt.Sprintf(format, args...)}
}

// given reports whether the flag was set on the command line.
func (f *flags) given(name string) (yes bool) {
	f.Visit(func(g *flag.Flag) { yes = yes || g.Name == name })
	return yes
}

func (f *flags) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: tern %s %s\n\n%s\n\nFlags:\n", f.Name(), f.usage, strings.TrimSpace(f.about))
	f.VisitAll(func(g *flag.Flag) {
		arg, text := flag.UnquoteUsage(g)
		name := "--" + g.Name
		if len(g.Name) == 1 {
			name = "-" + g.Name
		}
		if g.DefValue != "" && g.DefValue != "false" && g.DefValue != "0" { // the text explains 0
			text += " (default " + g.DefValue + ")"
		}
		fmt.Fprintf(&b, "  %-22s %s\n", strings.TrimSpace(name+" "+arg), text)
	})
	fmt.Fprintf(&b, "\nExample:\n  %s\n", strings.Join(strings.Split(strings.TrimSpace(f.example), "\n"), "\n  "))
	return b.String()
}

// number is a flag that holds a number from lo to hi.
type number[T int | float64] struct {
	p      *T
	lo, hi T
	parse  func(string) (T, error)
}

func (n *number[T]) String() string {
	if n.p == nil { // package flag asks a zero value for its default
		return ""
	}
	return fmt.Sprint(*n.p)
}

// Set refuses NaN too: it compares with nothing.
func (n *number[T]) Set(s string) error {
	v, err := n.parse(s)
	if err != nil || !(v >= n.lo && v <= n.hi) {
		return fmt.Errorf("want a number from %v to %v", n.lo, n.hi)
	}
	*n.p = v
	return nil
}

func (f *flags) float(p *float64, name string, lo, hi float64, usage string) {
	f.Var(&number[float64]{p, lo, hi, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }}, name, usage)
}

func (f *flags) int(p *int, name string, lo, hi int, usage string) {
	f.Var(&number[int]{p, lo, hi, strconv.Atoi}, name, usage)
}

// limit is int for a number where 0 means none or the usual, and so does -1, as
// in other programs.
func (f *flags) limit(p *int, name string, hi int, usage string) {
	f.Var(&number[int]{p, 0, hi, func(s string) (int, error) {
		if s == "-1" {
			return 0, nil
		}
		return strconv.Atoi(s)
	}}, name, usage)
}

// samplingFlags adds the settings of the sampler, but not --seed.
func (f *flags) samplingFlags(p *sampling.Params) {
	for _, field := range sampling.Fields {
		if number, count := field.At(p); count != nil {
			f.limit(count, field.Flag, int(field.Read.Max), field.Usage)
		} else {
			f.float(number, field.Flag, field.Read.Min, field.Read.Max, field.Usage)
		}
	}
}

// seedFlag adds --seed. What draws one is up to the command.
func (f *flags) seedFlag(seed *uint64, draw *bool) {
	*draw = true
	f.Func("seed", "`SEED` of the random choices; the same seed repeats the text (a new one is drawn without this, and for -1)", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 64)
		if signed, e := strconv.ParseInt(s, 10, 64); err != nil && e == nil {
			n, err = uint64(signed), nil
		}
		if err != nil {
			return errors.New("want a whole number of 64 bits")
		}
		*seed, *draw = n, s == "-1"
		return nil
	})
}

const maxThreads = 1024

// engineFlags adds the flags that say how to compute.
func (f *flags) engineFlags(threads *int, kv *inference.KVType) {
	f.limit(threads, "threads", maxThreads, "`N` workers, 0 for one per core; the results do not depend on it")
	f.kvFlag(kv)
	f.exactFlag()
}

// exactFlag adds --exact.
func (f *flags) exactFlag() {
	f.BoolVar(&f.model.exact, "exact", false, "compute matrices with a scale per group with 24 bits per activation instead of 16; others are exact anyhow")
}

func (f *flags) kvFlag(kv *inference.KVType) {
	f.Func("kv", "precision `TYPE` of the key/value cache: f16, f32, or q8, which takes half the memory of f16 and differs as README.md says (default f16)", func(s string) (err error) {
		*kv, err = inference.KVTypeNamed(s)
		return err
	})
}

func (f *flags) speculateFlag(how *inference.Speculation) {
	f.Func("speculate", "evaluate tokens ahead where the text repeats itself, `HOW`: auto (where it is faster), on or off (default auto); the text is the same", func(s string) error {
		switch strings.ToLower(s) {
		case "auto":
			*how = inference.SpeculateAuto
		case "on":
			*how = inference.SpeculateOn
		case "off":
			*how = inference.SpeculateOff
		default:
			return errors.New("want auto, on or off")
		}
		return nil
	})
}

// idsFlag adds --ids, a list such as 1,2,3.
func (f *flags) idsFlag(ids *[]int32) {
	f.Func("ids", "the prompt as token ids such as `1,2,3`, used as they are: no BOS is added", func(s string) error {
		*ids = nil
		for field := range strings.SplitSeq(s, ",") {
			id, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
			if err != nil || id < 0 {
				return fmt.Errorf("%q is not a token id", field)
			}
			*ids = append(*ids, int32(id))
		}
		return nil
	})
}

// intList is a flag that takes several numbers from lo to hi.
func (f *flags) intList(list *[]int, name string, lo, hi int, usage string) {
	f.Func(name, usage, func(s string) error {
		*list = nil
		for field := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(field))
			if err != nil || n < lo || n > hi {
				return fmt.Errorf("%q is not a number from %d to %d", field, lo, hi)
			}
			*list = append(*list, n)
		}
		return nil
	})
}
