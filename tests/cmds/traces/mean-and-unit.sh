profdata traces --mean --unit ms --taghide . "$CASEDIR/labels.dump" | tail -n +8
