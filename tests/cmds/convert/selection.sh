printf 'main;a;b 1\nmain;c 2\nmain;a;d 4\n' >in
profdata convert -t folded --focus 'b|d' --hide '^main$' in
profdata convert -t folded --ignore a in
profdata convert -t folded --focus nothing in; echo $?
profdata convert -t folded --focus '(' in; echo $?
profdata convert -t folded -s nosuch in; echo $?
profdata convert -t folded -s sampels in; echo $?
profdata convert -t folded --sample_index=0 in
