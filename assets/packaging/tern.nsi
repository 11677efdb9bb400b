; The installer for Windows: for the user who starts it, without the rights of an
; administrator. .ci/package runs makensis on it, with these names defined:
;   VERSION  such as 0.1.0          FILES  folder with what is installed
;   OUT      the file to write      ICON   the icon

Target amd64-unicode ; as is Tern
SetCompressor /SOLID lzma
!include MUI2.nsh
!include FileFunc.nsh

Name "Tern"
OutFile "${OUT}"
RequestExecutionLevel user
ManifestDPIAware true
InstallDir "$LOCALAPPDATA\Programs\Tern"
InstallDirRegKey HKCU "Software\Tern" "Folder"
BrandingText "Tern ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Tern"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Tern"
VIAddVersionKey "LegalCopyright" "The Tern authors, MIT licence"

!define ID "app.tern.Tern"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\tern.exe"
!define MUI_FINISHPAGE_NOAUTOCLOSE
!define MUI_LANGDLL_ALLLANGUAGES
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "SimpChinese"

LangString MODEL ${LANG_ENGLISH} "GGUF language model"
LangString MODEL ${LANG_GERMAN} "GGUF-Sprachmodell"
LangString MODEL ${LANG_SIMPCHINESE} "GGUF 语言模型"
LangString CLOSE ${LANG_ENGLISH} "Tern is open. Close it, then press Retry."
LangString CLOSE ${LANG_GERMAN} "Tern ist offen. Bitte schließen, dann Wiederholen drücken."
LangString CLOSE ${LANG_SIMPCHINESE} "Tern 正在运行。请先关闭，然后按“重试”。"

; Tells the desktop that file types have changed.
!macro TYPES_CHANGED
	System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
!macroend

Section
	SetOutPath "$INSTDIR"
	; A program that runs cannot be replaced, but it can get another name: the open
	; window stays, and the next installation removes what it ran from.
	Delete "$INSTDIR\*.old"
	IfFileExists "$INSTDIR\tern.exe" 0 +2
	Rename "$INSTDIR\tern.exe" "$INSTDIR\tern.exe.old"
	IfFileExists "$INSTDIR\tern-terminal.exe" 0 +2
	Rename "$INSTDIR\tern-terminal.exe" "$INSTDIR\tern-terminal.exe.old"
	File "${FILES}\tern.exe"
	File "${FILES}\tern-terminal.exe"
	File "${FILES}\licences.txt"
	Delete "$INSTDIR\*.old"
	WriteUninstaller "$INSTDIR\uninstall.exe"
	CreateShortcut "$SMPROGRAMS\Tern.lnk" "$INSTDIR\tern.exe"

	; What opens .gguf files. Another program that does so now goes on doing it;
	; Tern is then one of those that "Open with" lists.
	WriteRegStr HKCU "Software\Classes\${ID}.gguf" "" "$(MODEL)"
	WriteRegStr HKCU "Software\Classes\${ID}.gguf\DefaultIcon" "" "$INSTDIR\tern.exe,0"
	WriteRegStr HKCU "Software\Classes\${ID}.gguf\shell\open\command" "" '"$INSTDIR\tern.exe" -- "%1"'
	WriteRegStr HKCU "Software\Classes\.gguf\OpenWithProgids" "${ID}.gguf" ""
	ReadRegStr $0 HKCR ".gguf" ""
	StrCmp $0 "" 0 +2
	WriteRegStr HKCU "Software\Classes\.gguf" "" "${ID}.gguf"
	WriteRegStr HKCU "Software\Microsoft\Windows\CurrentVersion\App Paths\tern.exe" "" "$INSTDIR\tern.exe"
	!insertmacro TYPES_CHANGED

	WriteRegStr HKCU "Software\Tern" "Folder" "$INSTDIR"
	WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Tern"
	WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
	WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\tern.exe,0"
	WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Tern authors"
	WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
	WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
	WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
	${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
	WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
	WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
	WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

; Settings, conversations and models stay: they are the user's.
Section Uninstall
again:
	ClearErrors
	Delete "$INSTDIR\tern.exe"
	IfErrors 0 gone
	MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(CLOSE)" /SD IDCANCEL IDRETRY again
	Abort
gone:
	Delete "$INSTDIR\tern-terminal.exe"
	Delete "$INSTDIR\licences.txt"
	Delete "$INSTDIR\*.old"
	Delete "$INSTDIR\uninstall.exe"
	RMDir "$INSTDIR" ; only if nothing else is in it
	Delete "$SMPROGRAMS\Tern.lnk"
	ReadRegStr $0 HKCU "Software\Classes\.gguf" ""
	StrCmp $0 "${ID}.gguf" 0 +2
	DeleteRegValue HKCU "Software\Classes\.gguf" ""
	DeleteRegValue HKCU "Software\Classes\.gguf\OpenWithProgids" "${ID}.gguf"
	DeleteRegKey /ifempty HKCU "Software\Classes\.gguf\OpenWithProgids"
	DeleteRegKey /ifempty HKCU "Software\Classes\.gguf"
	DeleteRegKey HKCU "Software\Classes\${ID}.gguf"
	DeleteRegKey HKCU "Software\Microsoft\Windows\CurrentVersion\App Paths\tern.exe"
	DeleteRegKey HKCU "Software\Tern"
	DeleteRegKey HKCU "${UNINSTALL}"
	!insertmacro TYPES_CHANGED
SectionEnd
