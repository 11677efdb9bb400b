//go:build cgo

package filedialog

// GTK is loaded when the first file window opens. Linked to the program, its 60 libraries
// are loaded and relocated by every start, also by one of the command line, which took
// 20 MB of memory and looked for a display before main began.

// #cgo LDFLAGS: -ldl
// #include <dlfcn.h>
// #include <stddef.h>
// #include <stdlib.h>
//
// // What is used of GTK 3, whose interface is stable: gtk/gtk.h.
// enum { ACCEPT = -3, CANCEL = -6 }; // GtkResponseType
// static int (*gtk_init_check)(int *, char ***);
// static void *(*gtk_file_chooser_dialog_new)(const char *title, void *parent, int action, const char *first, ...);
// static void (*gtk_file_chooser_set_do_overwrite_confirmation)(void *, int);
// static int (*gtk_file_chooser_set_current_folder)(void *, const char *);
// static void (*gtk_file_chooser_set_current_name)(void *, const char *);
// static void (*gtk_file_chooser_add_filter)(void *, void *);
// static char *(*gtk_file_chooser_get_filename)(void *);
// static void *(*gtk_file_filter_new)(void);
// static void (*gtk_file_filter_set_name)(void *, const char *);
// static void (*gtk_file_filter_add_pattern)(void *, const char *);
// static int (*gtk_dialog_run)(void *);
// static void (*gtk_widget_destroy)(void *);
// static int (*gtk_events_pending)(void);
// static int (*gtk_main_iteration)(void);
// static void (*g_free)(void *);
//
// // load loads GTK and starts it. It returns what is missing, NULL for nothing.
// static const char *load(void) {
// 	void *gtk = dlopen("libgtk-3.so.0", RTLD_LAZY | RTLD_LOCAL);
// 	if (gtk == NULL)
// 		return "libgtk-3.so.0";
// #define FIND(f) if ((*(void **)&f = dlsym(gtk, #f)) == NULL) return #f
// 	FIND(gtk_init_check);
// 	FIND(gtk_file_chooser_dialog_new);
// 	FIND(gtk_file_chooser_set_do_overwrite_confirmation);
// 	FIND(gtk_file_chooser_set_current_folder);
// 	FIND(gtk_file_chooser_set_current_name);
// 	FIND(gtk_file_chooser_add_filter);
// 	FIND(gtk_file_chooser_get_filename);
// 	FIND(gtk_file_filter_new);
// 	FIND(gtk_file_filter_set_name);
// 	FIND(gtk_file_filter_add_pattern);
// 	FIND(gtk_dialog_run);
// 	FIND(gtk_widget_destroy);
// 	FIND(gtk_events_pending);
// 	FIND(gtk_main_iteration);
// 	FIND(g_free);
// 	return gtk_init_check(NULL, NULL) ? NULL : "a display";
// }
//
// static void *chooser(const char *title, int action, const char *accept) {
// 	void *w = gtk_file_chooser_dialog_new(title, NULL, action, "Cancel", CANCEL, accept, ACCEPT, NULL);
// 	gtk_file_chooser_set_do_overwrite_confirmation(w, 1);
// 	return w;
// }
// static void *add_filter(void *w, const char *name) {
// 	void *f = gtk_file_filter_new();
// 	gtk_file_filter_set_name(f, name);
// 	gtk_file_chooser_add_filter(w, f);
// 	return f;
// }
// static void add_pattern(void *filter, const char *p) { gtk_file_filter_add_pattern(filter, p); }
// static void set_folder(void *w, const char *path) { gtk_file_chooser_set_current_folder(w, path); }
// static void set_name(void *w, const char *name) { gtk_file_chooser_set_current_name(w, name); }
//
// // ask runs the window, closes it and returns the path, NULL for none.
// static char *ask(void *w) {
// 	char *path = gtk_dialog_run(w) == ACCEPT ? gtk_file_chooser_get_filename(w) : NULL;
// 	gtk_widget_destroy(w);
// 	while (gtk_events_pending()) // it leaves the screen while these are handled
// 		gtk_main_iteration();
// 	return path;
// }
// static void give_back(char *path) { g_free(path); }
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// gtk is what to do with the window: GtkFileChooserAction.
type gtk struct {
	action C.int
	accept string
}

var (
	toOpen   = gtk{0, "Open"}
	toSave   = gtk{1, "Save"}
	toFolder = gtk{2, "Open"}
)

// load loads GTK once.
var load = sync.OnceValue(func() error {
	if missing := C.load(); missing != nil {
		return fmt.Errorf("GTK 3 does not start: %s is missing", C.GoString(missing))
	}
	return nil
})

func (w window) folder() (string, error) { return w.choose(toFolder, "") }

func (w window) file() (string, error) { return w.choose(toOpen, "") }

func (w window) newFile(name string) (string, error) { return w.choose(toSave, name) }

// choose opens the window and returns the path, empty where the user chose nothing.
func (w window) choose(to gtk, name string) (string, error) {
	if err := load(); err != nil {
		return "", err
	}
	var text texts
	defer text.free()
	dialog := C.chooser(text.c(w.title), to.action, text.c(to.accept))
	if to == toOpen {
		own := C.add_filter(dialog, text.c(w.files))
		for _, e := range endings(runtime.GOOS, w.endings...) {
			C.add_pattern(own, text.c("*."+e))
		}
		C.add_pattern(C.add_filter(dialog, text.c("All files")), text.c("*"))
	}
	if w.dir != "" {
		C.set_folder(dialog, text.c(w.dir))
	}
	if name != "" {
		C.set_name(dialog, text.c(name))
	}
	path := C.ask(dialog)
	if path == nil {
		return "", nil
	}
	defer C.give_back(path)
	return C.GoString(path), nil
}

// texts are strings of C, which live as long as a window.
type texts []*C.char

func (t *texts) c(s string) *C.char {
	p := C.CString(s)
	*t = append(*t, p)
	return p
}

func (t *texts) free() {
	for _, p := range *t {
		C.free(unsafe.Pointer(p))
	}
}
