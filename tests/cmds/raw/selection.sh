profdata raw --focus price --tagleaf bytes --hide round "$CASEDIR/../traces/labels.dump" | sed "1,/^Samples/d"
