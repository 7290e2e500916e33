# Both spellings, and the number is one.
profdata --version | sed 's/[0-9]\+\.[0-9]\+\.[0-9]\+/N/'
profdata -V | head -1 | grep -c '^profdata [0-9]\+\.[0-9]\+\.[0-9]\+$'
profdata version | head -1 | cut -d' ' -f1
