# Shared set-up, sourced by the scripts beside it: `set_up LOCK` makes .venv, once per lock file.
# Needs Python >= 3.11 and nothing else; takes uv when it is there, else venv and pip.

CDPATH='' cd -- "$(dirname -- "$0")/.."
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 UV_VENV_CLEAR=1

say() { echo "hocphi: $*" >&2; }

# debian PROGRAM...: as root on Debian, install the packages of programs that are missing.
debian() {
    for program in "$@"; do
        shift
        command -v "$program" >/dev/null 2>&1 || set -- "$@" "$program"
    done
    [ $# -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 0
    say "installing Debian's $*"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
        --no-install-recommends "$@"; } >/dev/null 2>&1 </dev/null ||
        say "could not install $*; going on without"
}

find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    done
    say "needs Python 3.11 or newer (apt install python3)" && exit 2
}

has_venv() { "$python" -c 'import venv, ensurepip' 2>/dev/null; }

make_venv() {
    find_python
    if [ "$with" = uv ]; then uv venv -q --python "$python" .venv; return; fi
    has_venv || debian python3-venv
    has_venv || { say "needs Python's venv (apt install python3-venv) or uv" && exit 2; }
    "$python" -m venv --clear .venv
}

install() {
    if [ "$with" = uv ]; then uv pip install -q --python .venv/bin/python "$@"; else
        .venv/bin/python -m pip install -qq "$@"; fi
}

# set_up LOCK: the development lock holds the run-time one, so a .venv made from it serves both.
set_up() {
    sum="$(pwd -P) $(cat requirements.lock requirements-dev.lock pyproject.toml | cksum)"
    made=$(cat .venv/made-from 2>/dev/null) && .venv/bin/python -c '' 2>/dev/null || made=
    case "$made" in "$sum "*" $1" | "$sum "*" requirements-dev.lock") return ;; esac
    if uv --version >/dev/null 2>&1; then with=uv; else with=pip; fi
    case "$made" in "$(pwd -P) "*" $with "*) ;; *) make_venv ;; esac
    say "installing the locked packages with $with (once)"
    rm -f .venv/made-from
    install --require-hashes -r "$1"
    install --no-deps --no-build-isolation -e .
    echo "$sum $with $1" >.venv/made-from
}
