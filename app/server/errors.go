package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"tern/app/explain"
)

// apiError is a failure as OpenAI's clients read it.
type apiError struct {
	status  int
	Message string // a sentence, and what to do
	Type    string // "invalid_request_error", "server_error" …; chosen by the status if empty
	Param   string // the field that is wrong, "" if it is none
	Code    string
}

func (e *apiError) Error() string { return e.Message }

// MarshalJSON writes what goes below "error": null where nothing is to be said.
func (e *apiError) MarshalJSON() ([]byte, error) {
	kind := e.Type
	if kind == "" {
		switch kind = "invalid_request_error"; {
		case e.status == http.StatusTooManyRequests:
			kind = "rate_limit_error"
		case e.status >= 500:
			kind = "server_error"
		}
	}
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return json.Marshal(struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}{e.Message, kind, orNull(e.Param), orNull(e.Code)})
}

// bad is a request that cannot be answered because of one of its fields.
func bad(param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, Param: param, Code: "invalid_value", Message: fmt.Sprintf(format, args...)}
}

// unsupported refuses a field that means something Tern does not do. Leaving it
// unheard would answer another question than was asked.
func unsupported(param, format string, args ...any) *apiError {
	e := bad(param, format, args...)
	e.Code = "unsupported_parameter"
	return e
}

// told turns what went wrong while answering into what the client is told.
func told(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	if c, ok := explain.ForClient(err); ok {
		return &apiError{status: c.Status, Code: c.Code, Message: c.Message}
	}
	return &apiError{status: http.StatusInternalServerError, Message: "Something went wrong: " + err.Error()}
}

// fail answers with an error.
func fail(w http.ResponseWriter, e *apiError) {
	if e.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	reply(w, e.status, map[string]*apiError{"error": e})
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v)) // a client that has gone hears nothing
}

// encode writes v as one line of JSON with <, > and & as they are. The values of
// this package can all be written.
func encode(v any) []byte {
	b := &lineBuffer{}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("server: " + err.Error())
	}
	return b.bytes
}

type lineBuffer struct{ bytes []byte }

func (b *lineBuffer) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}
