#!/usr/bin/env bash
# Makes a Python environment for tests: scripts/python-environment.sh NAME REQUIREMENTS
# It is kept outside the repository under a name that changes with the requirements, and made once.
# Prints the path of its interpreter.
set -euo pipefail

name=$1
requirements=$2
digest=$(sha256sum "$requirements" | cut -c1-12)
directory=${SWITCHYARD_PYTHON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchyard/python}/$name-$digest
python=$directory/bin/python
# Two at once would take each other's half-made environment away.
mkdir -p "$(dirname "$directory")"
exec 9>"$directory.lock"
flock 9
if [ ! -e "$directory/complete" ]; then
  rm -rf "$directory"
  python3 -m venv "$directory" >&2
  "$python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2
  touch "$directory/complete"
fi
echo "$python"
