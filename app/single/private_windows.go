package single

// private accepts the folder: the user's own folders have access lists that say
// so, and that the folders in them take over.
func private(string) error { return nil }
