#!/usr/bin/env bash
# git-xargs: a pull request for each repository that repos.txt names (owner/name, one a line).
#
# It clones each of them, runs the command in the clone, and commits what changed. It needs GITHUB_OAUTH_TOKEN.
set -euo pipefail

git-xargs \
  --repos repos.txt \
  --branch-name plimsoll \
  --commit-message "Make Docker images smaller and rebuilds faster" \
  --pull-request-title "Make Docker images smaller and rebuilds faster" \
  --pull-request-description "Plimsoll rewrote the Dockerfiles of this repository. Each change says why." \
  plimsoll migrate --write .
