# shellcheck shell=bash
# What is built into tern.exe beside the code; lib.sh comes before.

# windows_resources writes tern.ico and tern.o into the scratch folder: the icon,
# the manifest, and what the properties of the file say.
windows_resources() {
	local version
	version=$(about Version)
	rsvg-convert -w 256 -h 256 assets/icon.svg -o "$scratch/icon.png"
	convert "$scratch/icon.png" -define icon:auto-resize=256,64,48,32,16 "$scratch/tern.ico"
	cp assets/packaging/tern.exe.manifest "$scratch/"
	cat >"$scratch/tern.rc" <<-RC
		1 ICON "tern.ico"
		1 24 "tern.exe.manifest"
		1 VERSIONINFO
		FILEVERSION ${version//./,},0
		PRODUCTVERSION ${version//./,},0
		BEGIN
		  BLOCK "StringFileInfo"
		  BEGIN
		    BLOCK "040904B0"
		    BEGIN
		      VALUE "FileDescription", "Tern"
		      VALUE "FileVersion", "$version"
		      VALUE "LegalCopyright", "The Tern authors, MIT licence"
		      VALUE "OriginalFilename", "tern.exe"
		      VALUE "ProductName", "Tern"
		      VALUE "ProductVersion", "$version"
		    END
		  END
		  BLOCK "VarFileInfo"
		  BEGIN
		    VALUE "Translation", 0x409, 1200
		  END
		END
	RC
	(cd "$scratch" && x86_64-w64-mingw32-windres tern.rc -o tern.o)
}
