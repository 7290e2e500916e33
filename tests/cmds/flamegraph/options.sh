# Each option shows in the picture.
printf 'main;a 30\nmain;b 10\n' > in.folded
draw() { profdata flamegraph "$@" in.folded | sed '/<script>/,$d'; }
echo "- inverted"; draw --inverted | grep -E '<g transform|Icicle'
echo "- reverse"; draw --reverse | grep -o '<title>.*</title>'
echo "- width, height, fonts"; draw --width 600 --height 20 --fonttype 'A "quoted" font' --fontsize 9.5 | grep -E '^<svg|height="19"' | head -2
echo "- counts"; draw --countname 'widgets & co' --nametype 'File:' | grep -oE 'all \([^)]*\)|"name_type":[^,}]*'
echo "- factor"; draw --factor 0.5 | grep -o 'all ([^)]*)'
echo "- total"; draw --total 80 | grep -oE 'all \([^)]*\)|"whole":[0-9]*'
echo "- total below the sum"; draw --total 8 | grep -oE 'all \([^)]*\)|"whole":[0-9]*'
echo "- minwidth"; draw --minwidth 50% | grep -oE '<title>.*</title>|<text class="m".*'
echo "- backgrounds"; draw --bgcolors '#123456' | grep -c '#123456'; draw --colors mem | grep -c e0ffe0; draw | grep -c 'class="bg"'
echo "- search colour, notes, subtitle"; draw --search-color '#ff0' --notes 'see <here> -- & there' --subtitle 's<t' | grep -oE '"search_color":[^,]*|<desc>.*|.*s&lt;t.*|"notes".*'
echo "- order"; for o in name weight time; do printf 'z 1\nb 5\na 1\n' | profdata flamegraph --sort $o - | grep -o '<title>[abz] ' | tr -d '\n'; echo; done
echo "- units"; printf 'a 1500000000\n' > in.folded; printf 'profdata dump 1\nseries\nvalue\tcpu\tnanoseconds\n1500000000\ta\n' | profdata flamegraph - | grep -o 'all ([^)]*)'
