# a comparison that was saved opens as one
printf 'main;parse 50\nmain;gone 20\n' >before
printf 'main;parse 40\nmain;new 3\n' >after
profdata convert -t dump --diff-base before after
profdata convert -t pprof --diff-base before after | profdata top
profdata convert -t folded --base before after
profdata merge -t folded --base before after after
profdata filter -t folded --base before --normalize after
