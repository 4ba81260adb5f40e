#!/usr/bin/env bash
# Writes the locks anew from requirements/*.in. Needs uv: on the PATH, or in .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv=$(command -v uv || true)
if [ -z "$uv" ] && [ -x .venv/bin/uv ]; then uv=.venv/bin/uv; fi
if [ -z "$uv" ]; then
  echo "make lock needs uv: .venv/bin/pip install uv" >&2
  exit 1
fi
for name in base test spark node; do
  "$uv" pip compile --quiet "$@" --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --output-file "requirements/$name.txt" "requirements/$name.in"
done
npm install --package-lock-only --ignore-scripts --loglevel=error >/dev/null
if grep -nE '(https?|file)://|/opt/|/work/|/home/|/root/' requirements/*.txt package-lock.json; then
  echo "a lock names a host or a local path (above)" >&2
  exit 1
fi
