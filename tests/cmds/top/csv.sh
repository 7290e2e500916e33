profdata top --csv -g filefunctions "$CASEDIR/shop.dump"
