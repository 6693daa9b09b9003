# SPDX-License-Identifier: MIT
# usher - completion for bash: commands, and each one's options by its --help.
# shellcheck shell=bash

_usher_commands() {
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]\+\( [a-z-]\+\)*\) .*/\1/p'
}

# The command in the words so far, as --help lists it. What may become a longer
# one, as queue and queue list, is one before an option only.
_usher_command() {
	local commands=$1 count typed
	for ((count = COMP_CWORD - 1; count > 0; count--)); do
		typed=${COMP_WORDS[*]:1:count}
		grep -qxF -- "$typed" <<<"$commands" || continue
		if [[ ${COMP_WORDS[count + 1]} == -* ]] ||
			! grep -q "^$typed " <<<"$commands"; then
			echo "$typed"
			return
		fi
	done
}

# The next words, each once, of the commands that begin with those typed.
_usher_next() {
	local typed="${COMP_WORDS[*]:1:COMP_CWORD - 1}" line
	while read -r line; do
		[[ $line == "${typed:+$typed }"* ]] || continue
		line=${line#"${typed:+$typed }"}
		echo "${line%% *}"
	done <<<"$1" | uniq
}

_usher() {
	local word=${COMP_WORDS[COMP_CWORD]} commands command words
	commands=$(_usher_commands "$1")
	command=$(_usher_command "$commands")
	COMPREPLY=()
	if [ -n "$command" ]; then
		[[ $word == -* ]] || return 0
		# shellcheck disable=SC2086
		words=$("$1" $command --help | grep -oE '^ +(-., +)?--[a-z-]+' |
			grep -oE -- '--[a-z-]+')
	else
		words=$(_usher_next "$commands")
		((COMP_CWORD > 1)) || words+=" --help --version"
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _usher usher
