profdata filter --focus price -t pprof "$CASEDIR/../traces/labels.dump" | profdata tags -
