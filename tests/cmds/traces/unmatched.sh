profdata traces --focus nothing --tagroot nope --tagfocus 1kb:9kb "$CASEDIR/labels.dump" | tail -n +8
