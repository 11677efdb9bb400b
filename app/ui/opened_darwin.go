//go:build cgo

package ui

/*
#cgo CFLAGS: -x objective-c
#cgo LDFLAGS: -framework Cocoa
#import <Cocoa/Cocoa.h>
#import <objc/runtime.h>

extern void ternOpened(char *path);

static void openFiles(id self, SEL command, NSApplication *app, NSArray<NSString *> *files) {
	for (NSString *file in files)
		ternOpened((char *)file.fileSystemRepresentation);
	[app replyToOpenOrPrint:NSApplicationDelegateReplySuccess];
}

static void takeFiles(void) {
	Class delegate = objc_getClass("GLFWApplicationDelegate");
	if (delegate)
		class_addMethod(delegate, @selector(application:openFiles:), (IMP)openFiles, "v@:@@");
}
*/
import "C"

var openedPaths = make(chan string, 64)

//export ternOpened
func ternOpened(path *C.char) {
	select {
	case openedPaths <- C.GoString(path):
	default: // more than anybody opens at once
	}
}

// openedFiles delivers the paths of files that macOS has Tern open, by a double
// click or a drop on the Dock. They come as events, not as arguments, and neither
// Fyne nor GLFW takes them. It must be called before the window is made: the first
// event is sent while the program starts.
func openedFiles() <-chan string {
	C.takeFiles()
	return openedPaths
}
