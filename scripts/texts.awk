# SPDX-License-Identifier: MIT
# Makes src/message/texts.def of templates/*: TEXT(name_suffix, "text"). The
# newline that ends a file does not belong to its text.
function finish() {
	if (file != "") printf "\")\n"
}
FNR == 1 {
	finish()
	file = FILENAME
	sub(/.*\//, "", file)
	gsub(/[.-]/, "_", file)
	printf "TEXT(%s, \"", file
}
{
	line = $0
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	printf "%s%s", (FNR > 1 ? "\\n\"\n\"" : ""), line
}
END { finish() }
