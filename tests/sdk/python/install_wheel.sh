#!/bin/sh
# install_wheel.sh PYTHON WHEEL FOLDER: a fresh environment that sees the system's packages, with the wheel in it.
set -eu
rm -rf "$3"
"$1" -m venv --system-site-packages --without-pip "$3"
"$3/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-index "$2"
"$3/bin/headroom" --version
"$3/bin/python" -I -c 'import headroom; print(headroom.__version__, headroom.__file__)'
