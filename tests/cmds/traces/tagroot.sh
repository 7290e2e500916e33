profdata traces --tagroot tenant,bytes --tagshow tenant "$CASEDIR/labels.dump" | tail -n +8
