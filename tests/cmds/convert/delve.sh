# what delve prints, named and recognised
cat >dlv.txt <<'D'
* Goroutine 1 - User: app/main.go:108 main.pause (0x6813aa) (thread 9140)
  Goroutine 3 - User: app/park.go:68 main.pop (0x6827be) [chan receive]
  Goroutine 4 - User: app/park.go:68 main.pop (0x6827be) [chan receive]
[3 goroutines]
D
profdata convert -q -f delve -t folded dlv.txt
profdata convert -q -t folded dlv.txt | cmp - <(profdata convert -q -f delve -t folded dlv.txt) && echo "recognised"
profdata tags -f delve dlv.txt
