PROFDATA_MAX_DEPTH=100 PROFDATA_MAX_MEMORY=64M PROFDATA_MAX_INPUT=1G profdata limits --max-input 2G -j 3 | awk '$1 ~ /depth|memory|input|jobs/ { print $1, $2, $3 }'
PROFDATA_MAX_DEPTH=0 profdata limits; echo $?
PROFDATA_MAX_STRING=5G profdata limits; echo $?
PROFDATA_MAX_NESTING=-1 profdata limits; echo $?
PROFDATA_MAX_LABELS= profdata limits | grep labels | awk '{ print $2, $3 }'
profdata limits --max-memory -1; echo $?
PROFDATA_MAX_RATIO=7 profdata limits --json | grep ratio
