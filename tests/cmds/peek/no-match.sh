profdata peek nosuchfunction "$CASEDIR/../top/shop.dump"; echo $?; profdata peek "(" "$CASEDIR/../top/shop.dump"; echo $?; profdata peek </dev/null; echo $?
