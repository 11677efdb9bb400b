# shellcheck shell=bash
# What the scripts of this folder share: a log, timed steps, packages, Go.
#
# A script sources this file first. It then stands in the project's root, its
# terminal is on descriptors 3 and 4, and any command that fails ends it: the end
# of the log is shown, and one sentence says what went wrong.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export HOME="${HOME:-$(getent passwd "$EUID" | cut -d: -f6)}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tern.XXXXXX")
log=$scratch/log
: >"$log"
exec 3>&1 4>&2

current=    # the step that runs
complaint=  # what die said

# die SENTENCE: end the script with this sentence.
die() {
	complaint=$*
	((BASH_SUBSHELL == 0)) || printf '%s\n' "$complaint" # into the log; the script says what step failed
	exit 1
}

# step NAME COMMAND...: run COMMAND with its output in the log; print its time.
step() {
	local begin=$SECONDS
	current=$1
	shift
	printf '%-52s' "$current" >&3
	"$@" >>"$log" 2>&1 </dev/null
	printf '%5d s\n' $((SECONDS - begin)) >&3
	current=
}

# together COMMAND...: run these at the same time, and fail if one of them does.
together() {
	local command each=() failed=0
	for command; do
		"$command" &
		each+=($!)
	done
	for command in "${each[@]}"; do
		wait "$command" || failed=1
	done
	return $failed
}

# finish runs at the end of every script. Set at_exit to add a clean-up.
at_exit() { :; }
finish() {
	local code=$?
	trap - EXIT
	at_exit || true
	if ((code)); then
		if [[ $current ]]; then
			printf 'failed\n\n' >&3
			tail -n 40 "$log" >&4
			complaint=${complaint:-"the step \"$current\" failed"}
		fi
		printf '\ntern: %s.\n' "${complaint:-failed}" >&4
		if [[ -s $log ]]; then
			local kept
			kept=$(mktemp "${TMPDIR:-/tmp}/tern-log.XXXXXX")
			cp "$log" "$kept"
			printf 'Everything that was printed is in %s\n' "$kept" >&4
		fi
	fi
	rm -rf "$scratch"
	exit "$code"
}
trap finish EXIT

# until_true SECONDS COMMAND...: repeat COMMAND until it succeeds.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# about KEY: what FyneApp.toml says.
about() { sed -n "s/^$1 = \"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" FyneApp.toml | head -n 1; }

# --- packages -----------------------------------------------------------------

# To build: Fyne draws with OpenGL, GLFW speaks to X11 and Wayland, the native
# file dialog is GTK's. libgtk-3-dev brings the X11 and Wayland headers. The font
# (1.6 MB to fetch) has Chinese, Japanese and Korean, which Fyne's own do not.
build_packages=(ca-certificates gcc libc6-dev pkg-config libgl-dev libgtk-3-dev libxxf86vm-dev fonts-wqy-microhei)

# packages NAME...: install those that are missing.
packages() {
	local name missing=() become=()
	for name; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true) == installed* ]] ||
			missing+=("$name")
	done
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null ||
		die "this needs apt (Debian or Ubuntu) to install ${missing[*]}"
	if ((EUID)); then
		command -v sudo >/dev/null || die "run this as root, or install sudo: ${missing[*]} must be installed"
		sudo -v || die "the password was not accepted; ${missing[*]} must be installed"
		become=(sudo)
	fi
	step "packages: ${#missing[@]} to install" apt_install
}

# apt_install installs $missing; called by packages.
apt_install() {
	"${become[@]}" apt-get update
	"${become[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}" ||
		die "apt could not install ${missing[*]}: check the network"
}

# --- Go -----------------------------------------------------------------------

go_version=1.26.8 # fetched where no Go is as recent as go.mod asks for

# toolchain is the module that go_version is published as, toolchain_folder
# where the module cache keeps it.
toolchain=golang.org/toolchain@v0.0.1-go$go_version.linux-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
toolchain_folder=${GOPATH:-$HOME/go}
toolchain_folder=${GOMODCACHE:-${toolchain_folder%%:*}/pkg/mod}/$toolchain

# recent_go GO: is this a Go that go.mod accepts? It is asked outside the
# project: Go 1.20 and older cannot read our go.mod.
recent_go() {
	local have
	[[ -x $1 ]] || return 1
	have=$(cd / && GOTOOLCHAIN=local GOFLAGS='' "$1" env GOVERSION) || return 1
	printf '%s\n' "$(sed -n 's/^go //p' go.mod)" "${have#go}" | sort -V -C
}

# find_go puts a recent Go first on the PATH, or fails.
find_go() {
	local go
	for go in "$(command -v go || true)" /usr/local/go/bin/go "$toolchain_folder/bin/go"; do
		if recent_go "$go"; then
			PATH=$(dirname "$go"):$PATH
			return 0
		fi
	done
	return 1
}

# fetch_toolchain downloads Go as a module with whatever older Go is here. Old
# versions unpack it without the run bits.
fetch_toolchain() {
	(cd "$scratch" && GO111MODULE=on GOTOOLCHAIN=local GOFLAGS='' go mod download -json "$toolchain") ||
		die "Go $go_version for $(uname -m) could not be fetched: check the network"
	chmod +x "$toolchain_folder"/bin/* "$toolchain_folder"/pkg/tool/*/*
}

# fetch_modules downloads every module that the program and its tests import.
fetch_modules() {
	go list -deps -test ./... "${own_tools[@]}" >/dev/null || die "the Go modules could not be fetched; the lines above say why"
}

# set_up makes the machine able to build Tern: packages, Go, modules.
set_up() {
	packages "${build_packages[@]}"
	if ! find_go; then
		command -v go >/dev/null || packages golang-go
		step "Go $go_version" fetch_toolchain
		find_go || die "the fetched Go $go_version does not run"
	fi
	unset GOROOT
	# migrated_fynedo: all our widget calls are made through fyne.Do.
	# buildvcs: the folder may be no checkout, or one that belongs to another user.
	export PATH GOTOOLCHAIN=local GOFLAGS='-tags=migrated_fynedo -buildvcs=false'
	step "Go modules" fetch_modules
}

# --- tests --------------------------------------------------------------------

# use_shared lets the tests use the folder of reference data beside the project,
# where there is one; none of them may then be skipped for want of it.
use_shared() {
	local shared=${TERN_SHARED:-../shared}
	[[ -f $shared/formats.md ]] || return 0
	TERN_SHARED=$(cd "$shared" && pwd)
	export TERN_SHARED TERN_REQUIRE=shared
}

# require_kernels makes the kernel tests fail if the assembly that this
# processor can run was not chosen.
require_kernels() {
	local flags
	flags=" $(grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true) "
	case $(uname -m):$flags in
	x86_64:*' avx2 '*)
		[[ $flags == *' fma '* && $flags == *' f16c '* ]] || return 0
		export KERNEL_REQUIRE=avx2
		[[ $flags == *' avx512f '* && $flags == *' avx512bw '* && $flags == *' avx512vl '* && $flags == *' avx512_vnni '* ]] || return 0
		KERNEL_REQUIRE=avx512
		;;
	aarch64:*' asimddp '*) export KERNEL_REQUIRE=neon-dot ;;
	aarch64:*) export KERNEL_REQUIRE=neon ;;
	esac
}

# own_tools are the packages of the programs in .ci, which ./... leaves out: Go passes
# over folders whose names begin with a dot.
own_tools=()
for tool in .ci/*/main.go; do
	own_tools+=("./$(dirname "$tool")")
done
unset tool

# go_test ARGUMENT...: go test, with a count of all tests as its last line.
# Nothing comes from the cache, which does not see files outside the project.
go_test() {
	go test -json -count=1 "$@" | go run ./.ci/report -skips .ci/skips
}

# writes_without_display BINARY: the built-in model answers on standard output,
# and the JSON lines keep their promises: the texts of the tokens make the text,
# the last line is the summary.
writes_without_display() {
	local lines last
	lines=$(env -u DISPLAY -u WAYLAND_DISPLAY "$1" run -p 'Once upon a time' -n 24 --temp 0 --json)
	last=$(tail -n 1 <<<"$lines")
	printf '%s\n' "$last"
	[[ $(grep -c '^{"type":"token"' <<<"$lines") -gt 8 ]] || die "tern run --json wrote too few tokens"
	[[ $last == '{"type":"done","stop":"'@(length|eos)'"'* ]] || die "tern run --json ended with $last"
}
