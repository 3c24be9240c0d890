#!/bin/sh
# Puts ONNX Runtime into FOLDER, for the tests: from the npm package that carries it, by name and without running any of
# its scripts. Where it is not to be had, FOLDER/why_not says why, and the tests skip.
set -eu
folder=$1
package=onnxruntime-node@1.19.2
library=libonnxruntime.so.1
sha256=b0889fdeb0759987052b28c66c6a0b170426d0d70bfee84daad020f49d594043

not_to_be_had() {
  echo "$1" >"$folder/why_not"
  echo "no ONNX Runtime: $1"
  exit 0
}

mkdir -p "$folder"
[ -f "$folder/$library" ] && exit 0
rm -f "$folder/why_not"
[ "$(uname -m)" = x86_64 ] || not_to_be_had "the package has none that this machine's tests know"
command -v npm >/dev/null || not_to_be_had "npm is not installed"
fetched=$(mktemp -d "$folder/fetch-XXXXXX")
trap 'rm -rf "$fetched"' EXIT
npm install --ignore-scripts --no-audit --no-fund --fetch-retries=1 --prefix "$fetched" "$package" \
  >"$folder/npm.log" 2>&1 || not_to_be_had "npm cannot install $package (see npm.log beside this file)"
found="$fetched/node_modules/onnxruntime-node/bin/napi-v3/linux/x64/$library"
echo "$sha256  $found" | sha256sum --check --quiet
mv "$found" "$folder/$library"
