# What scripts/try and scripts/test share; sourced by sh. Installs what is missing, on Debian 12 and the like.
top=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

missing() {
	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "neither root nor sudo: cannot run $*" >&2
		return 1
	fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >>"$apt_log" 2>&1; }

# once: the lists of packages
fresh=''
update() {
	[ -n "$fresh" ] || apt update || return 1
	fresh=1
}

# required PACKAGE...: there afterwards, or the end
required() {
	want=$(missing "$@")
	[ -n "$want" ] || return 0
	command -v apt-get >/dev/null || die "apt-get is not here; please install the counterparts of: $want"
	say "installing $want"
	apt_log=$(mktemp)
	# shellcheck disable=SC2086 # a list
	update && apt install --no-install-recommends $want || { tail -n 20 "$apt_log" >&2; rm -f "$apt_log"; die "could not install: $want"; }
	rm -f "$apt_log"
}

# optional WHAT-FOR PACKAGE...: a message where it cannot be had
optional() {
	for_what=$1
	shift
	want=$(missing "$@")
	[ -n "$want" ] || return 0
	command -v apt-get >/dev/null || { say "without $want: $for_what is skipped"; return 0; }
	say "installing $want"
	apt_log=$(mktemp)
	# shellcheck disable=SC2086
	update && apt install --no-install-recommends $want || say "cannot install $want: $for_what is skipped"
	rm -f "$apt_log"
}

build_packages='cmake ninja-build gcc libc6-dev pkg-config zlib1g-dev libzstd-dev libdeflate-dev libpcre2-dev libxxhash-dev libprotobuf-c-dev libxml2-dev libdw-dev libiberty-dev'
