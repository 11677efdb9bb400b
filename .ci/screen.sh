# shellcheck shell=bash
# A virtual screen for the scripts that use the real window; lib.sh comes before.

export LANG=C.UTF-8 GSETTINGS_BACKEND=memory LIBGL_ALWAYS_SOFTWARE=1 NO_AT_BRIDGE=1
# What Tern and Fyne keep is kept in the scratch folder.
# shellcheck disable=SC2154 # lib.sh sets scratch
export TERN_CONFIG_DIR=$scratch/config XDG_RUNTIME_DIR=$scratch/run
unset WAYLAND_DISPLAY

# shellcheck disable=SC2034 # the scripts use it
screen_packages=(xvfb openbox xdotool wmctrl imagemagick libgl1-mesa-dri fonts-dejavu-core)

running=() # processes to end with the script
at_exit() {
	((${#running[@]})) || return 0
	kill -CONT "${running[@]}" 2>/dev/null
	kill "${running[@]}" 2>/dev/null
	wait
}

# start_screen sets DISPLAY.
start_screen() {
	mkdir -p -m 700 "$XDG_RUNTIME_DIR"
	Xvfb -displayfd 5 -screen 0 1280x800x24 +extension GLX -nolisten tcp 5>"$scratch/display" &
	running+=($!)
	until_true 10 test -s "$scratch/display" || die "Xvfb did not start"
	DISPLAY=:$(cat "$scratch/display")
	export DISPLAY
	openbox &
	running+=($!)
}

# start_tern SETTINGS [VARIABLE=VALUE...]: open the window with these settings
# beside a window of 1100 by 720 and the panel.
start_tern() {
	mkdir -p "$TERN_CONFIG_DIR" "$scratch/home/.cache"
	printf '{"version": 1, "width": 1100, "height": 720, "panel_open": true, %s}\n' "$1" >"$TERN_CONFIG_DIR/settings.json"
	env HOME="$scratch/home" "${@:2}" "$scratch/tern" &
	tern=$!
	running+=("$tern")
	until_true 30 tern_shown || die "no window was shown"
}

# tern_shown sets window.
tern_shown() {
	window=$(xdotool search --onlyvisible --pid "$tern" | tail -n 1)
	[[ $window ]]
}

# picture NAME: keep the screen as it is among the pictures of the script.
# shellcheck disable=SC2154 # the script sets pictures
picture() { import -silent -window root "$pictures/$1.png"; }

# reads WORD: it is on the screen; needs tesseract-ocr.
reads() {
	picture read
	convert "$pictures/read.png" -colorspace gray -resize 300% "$scratch/read.png"
	tesseract "$scratch/read.png" - --psm 6 >"$scratch/words"
	grep -qF "$1" "$scratch/words"
}
