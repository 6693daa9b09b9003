# SPDX-License-Identifier: MIT
# steps.sh - one line a step with its seconds; the output goes to a log file.
# Set step_logs to a folder before the first step. Sourced, not run.
# shellcheck shell=bash

# step WORDS COMMAND...: ends the script when the command fails, showing the
# last 40 lines of its log.
step() {
	local words=$1 start=$SECONDS status log
	shift
	# shellcheck disable=SC2154
	log=$step_logs/$(tr -cs 'a-z0-9\n' - <<<"${words,,}").log
	mkdir -p "$step_logs"
	printf '%s ... ' "$words"
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if [ "$status" -ne 0 ]; then
		printf 'FAILED (exit %d) after %d s\n' \
			"$status" $((SECONDS - start))
		tail -n 40 "$log"
		printf "%s: '%s' failed; all of it: %s\n" \
			"${0##*/}" "$words" "$log" >&2
		exit 1
	fi
	printf '%d s\n' $((SECONDS - start))
}
