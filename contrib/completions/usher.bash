# SPDX-License-Identifier: MIT
# usher - completion for bash: commands, and each one's options by its --help.
# shellcheck shell=bash

_usher_commands() {
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]\+\( [a-z]\+\)\?\) .*/\1/p'
}

# The command in the words so far: one word or two, as --help lists it. What
# may become two words, as queue and queue list, is one before an option only.
_usher_command() {
	local commands=$1 one=${COMP_WORDS[1]-} two=${COMP_WORDS[2]-}
	if ((COMP_CWORD > 2)) && grep -qxF -- "$one $two" <<<"$commands"; then
		echo "$one $two"
	elif ((COMP_CWORD > 1)) && grep -qxF -- "$one" <<<"$commands" &&
		{ [[ $two == -* ]] || ! grep -q "^$one " <<<"$commands"; }; then
		echo "$one"
	fi
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
	elif ((COMP_CWORD == 1)); then
		words="$(cut -d ' ' -f 1 <<<"$commands" | sort -u) --help --version"
	else
		words=$(sed -n "s/^${COMP_WORDS[1]//[^a-z]/} //p" <<<"$commands")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _usher usher
