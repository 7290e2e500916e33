runs() { for i in 0 1 2 3 4 5 6 7; do printf '%s0.%d' "${i/#0/}" $(($1 + i * 7 % 5)) | sed 's/^[1-9]/,/'; done; }
printf '{"results":[{"command":"sleep","mean":0.1,"times":[%s],"exit_codes":[0,null]},{"command":"sleep -v","times":[%s],"memory_usage_byte":[1,2]},{"command":"odd","mean":3}]}' \
	"$(runs 100)" "$(runs 131)" >h.json
profdata overhead compare --baseline sleep h.json
printf '{"results":[{"command":"a","times":[%s],"parameters":{"n":"4"}}]}' "$(runs 100)" >a.json
printf '{"results":[{"command":"a","times":[%s],"parameters":{"n":"4"}}]}' "$(runs 120)" >b.json
profdata overhead compare base=a.json new=b.json
