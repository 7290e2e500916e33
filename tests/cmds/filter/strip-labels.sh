profdata filter --strip-labels "zone|bytes|latency" --show serve "$CASEDIR/../traces/labels.dump" | grep -a "main\|serve"
