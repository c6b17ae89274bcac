#!/bin/sh
# Fetches the published configuration and the tokens, and replaces config.toml when that changes it and lint accepts it.
# GitLab Runner notices the new file by itself, within seconds and without stopping a job.
set -eu
umask 077
# One run at a time is systemd's rule, so what is left here is of a run that was killed; a token may stand in it.
rm -rf "$ECRUNNER_RUN"/sync.*
work=$(mktemp -d "$ECRUNNER_RUN/sync.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

parameter() {
  aws ssm get-parameter --name "$1" --with-decryption --query Parameter.Value --output text
}

parameter "$ECRUNNER_CONFIG_PARAMETER" >"$work/published"
base64 -d <"$work/published" >"$work/compressed"
gunzip -c <"$work/compressed" >"$work/config.toml"

# Tokens stand in files on tmpfs, never in an argument or in the environment.
while read -r placeholder name; do
  parameter "$name" >"$work/token"
  if [ "$(wc -l <"$work/token")" -ne 1 ] || ! LC_ALL=C grep -Eqx '[A-Za-z0-9._-]+' "$work/token"; then
    echo "the parameter $name holds no token" >&2
    exit 1
  fi
  awk -v placeholder="$placeholder" -v file="$work/token" '
    BEGIN { getline token <file }
    {
      line = ""
      rest = $0
      while ((at = index(rest, placeholder)) > 0) {
        line = line substr(rest, 1, at - 1) token
        rest = substr(rest, at + length(placeholder))
      }
      print line rest
    }' "$work/config.toml" >"$work/replaced"
  mv "$work/replaced" "$work/config.toml"
done <"$ECRUNNER_TOKENS"

# A new entry needs a new instance, which knows its parameter; until then this one goes on as it is.
if grep -Eq '^[[:space:]]*token[[:space:]]*=[[:space:]]*"__' "$work/config.toml"; then
  echo "the published configuration has an entry whose token this instance has no parameter for; the previous one stays" >&2
  exit 1
fi
if cmp -s "$work/config.toml" "$ECRUNNER_RUN/config.toml"; then
  exit 0
fi
if ! gitlab-runner lint --config "$work/config.toml"; then
  echo "the published configuration is refused by gitlab-runner lint; the previous one stays" >&2
  exit 1
fi
mv "$work/config.toml" "$ECRUNNER_RUN/config.toml"
echo "config.toml was replaced"
