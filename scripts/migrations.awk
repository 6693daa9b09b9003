# SPDX-License-Identifier: MIT
# Makes src/db/migrations.def of sql/migrations/NNNN_name.sql:
# MIGRATION(number, name, "text").
function finish() {
	if (file != "") printf "\")\n"
}
FNR == 1 {
	finish()
	file = FILENAME
	sub(/.*\//, "", file)
	number = substr(file, 1, 4) + 0
	label = substr(file, 6)
	sub(/\.sql$/, "", label)
	printf "MIGRATION(%d, %s, \"", number, label
}
{
	line = $0
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	printf "%s\\n\"\n\"", line
}
END { finish() }
