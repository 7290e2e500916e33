profdata top --json "$CASEDIR/shop.dump" | sed "s|\"path\":\".*/|\"path\":\"|; s/\"version\":\"[^\"]*\"/\"version\":\"X\"/"
