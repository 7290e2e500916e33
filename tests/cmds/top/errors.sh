for o in "--flat --cum" "--json --csv" "--divide-by 0" "-n -5"; do profdata top $o "$CASEDIR/shop.dump"; echo $?; done
