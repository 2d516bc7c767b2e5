#!/usr/bin/env bash
# Packs the package, installs it in an empty folder as a user would, and runs it on a CSV of one's own.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node="$project/node_modules/.bin/node"
(cd "$project" && npm pack --silent --pack-destination "$folder" >/dev/null)
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ./writeback-*.tgz
printf 'id,name\n1,Ada\n2,"Grace, Hopper"\n' > people.csv
cat > people.yaml <<YAML
name: People
source: { kind: local, path: people.csv }
connector: folder
credentials: { folder: out }
details: { fileName: "people_{run.number}", fileFormat: jsonl }
YAML
"$node" node_modules/writeback/dist/main.js run people.yaml
printf '{"id":1,"name":"Ada"}\n{"id":2,"name":"Grace, Hopper"}\n' | cmp - out/people_1.jsonl
echo "The package runs."
