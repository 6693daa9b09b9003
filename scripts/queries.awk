# SPDX-License-Identifier: MIT
# Makes src/db/queries.def of sql/*.sql: QUERY(name, parameters, "text").
# A statement stands under "-- name: x"; what follows the name and begins with
# "--" is its comment. It ends with ";" at a line's end.
function finish() {
	if (name != "") {
		sub(/;[ ]*$/, "", text)
		printf "QUERY(%s, %d, \"%s\")\n", name, most, text
	}
	name = ""; text = ""; most = 0
}
/^-- name: / { finish(); name = $3; next }
/^[ ]*--/ || name == "" { next }
{
	line = $0
	sub(/ -- .*$/, "", line)
	sub(/^[ ]+/, "", line)
	rest = line
	while (match(rest, /\$[0-9]+/)) {
		number = substr(rest, RSTART + 1, RLENGTH - 1) + 0
		if (number > most) most = number
		rest = substr(rest, RSTART + RLENGTH)
	}
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	if (line != "") text = text (text == "" ? "" : " ") line
}
END { finish() }
