#!/usr/bin/env bash
# A browser and its fonts, for the station's tests in a browser and for tools/docs/screenshots.py. Debian's packages, as
# root. Where they cannot be installed it says why and ends well: the tests are skipped then.
set -uo pipefail

without() {
    echo "browser: $1; the tests in a browser will be skipped"
    exit 0
}

command -v chromium > /dev/null && exit 0
command -v apt-get > /dev/null || without 'there is no chromium, and no apt-get to install it with'
[ "$(id -u)" = 0 ] || without 'there is no chromium, and only root can install it: apt-get install chromium'

export DEBIAN_FRONTEND=noninteractive
apt() {
    timeout 300 apt-get -qq -y -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=120 "$@" < /dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
SECONDS=0
# Droid's fallback has the Chinese characters in 4 MB.
if apt update &> "$log" && apt install --no-install-recommends chromium fonts-dejavu-core fonts-droid-fallback &>> "$log"
then
    echo "browser: $(chromium --version 2> /dev/null | cut -d ' ' -f 1,2) installed, $SECONDS s"
else
    tail -n 5 "$log" >&2
    without 'apt-get could not install chromium (its last lines are above)'
fi
