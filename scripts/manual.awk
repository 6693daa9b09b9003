# SPDX-License-Identifier: MIT
# manual.awk - fills a manual page: a line that is one of the words below is
# replaced by what the program prints for it, a sentence a line.
# -v usher=PATH -v usherd=PATH -v source=FOLDER -v version=VERSION
BEGIN {
	command["@COMMANDS@"] = usher " --manual"
	command["@COMMON@"] = usher " --manual-common"
	command["@ERRORS@"] = usher " --manual-errors"
	command["@OPTIONS@"] = usherd " --manual"
	command["@KANNEL@"] = "cat " source "/contrib/gateways/kannel.json"
	command["@SETTINGS@"] = usherd " --manual-settings"
}

function print_sentences(line) {
	while (line !~ /^[.]/ && match(line, /[.:] [A-Z]/)) {
		print substr(line, 1, RSTART)
		line = substr(line, RSTART + 2)
	}
	print line
}

function print_answer(words,    line, count) {
	while ((words | getline line) > 0) {
		print_sentences(line)
		count++
	}
	if (close(words) != 0 || count == 0) {
		print "manual.awk: '" words "' failed" >"/dev/stderr"
		failed = 1
		exit 1
	}
}

$0 in command { print_answer(command[$0]); next }
{ gsub(/@VERSION@/, version); print }
END { exit failed }
