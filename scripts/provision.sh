#!/usr/bin/env bash
# Installs what the whole test suite wants beyond npm packages, on Debian and Ubuntu: PostgreSQL, Redis,
# Chromium, Java (for TorchServe) and the Python environments that scripts/python-environments.txt lists.
# Servers are not started: the tests start their own, on free ports, in temporary directories.
set -euo pipefail

packages=()
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || packages+=(postgresql)
command -v redis-server >/dev/null || packages+=(redis-server)
if ! { [ -x /usr/bin/chromium ] || [ -x /usr/bin/google-chrome ] || [ -n "${CHROMIUM_PATH:-}" ]; }; then
  packages+=(chromium)
fi
java -version >/dev/null 2>&1 || packages+=(default-jre-headless)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

make_python_environments() {
  local here name requirements
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  cd "$here/.."
  while read -r name requirements; do
    [ -z "$name" ] || "$here/python-environment.sh" "$name" "$requirements" >/dev/null
  done <"$here/python-environments.txt"
}

if [ ${#packages[@]} -eq 0 ]; then
  make_python_environments
  echo 'Everything is installed.'
  exit 0
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# A package's own server would listen on the standard port; none of it is needed.
"${as_root[@]}" mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
case " ${packages[*]} " in
  # Nor at the next start of the machine.
  *' redis-server '*) "${as_root[@]}" systemctl disable --quiet redis-server 2>/dev/null || true ;;
esac
make_python_environments
echo "Installed: ${packages[*]}"
