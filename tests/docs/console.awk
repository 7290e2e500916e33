# Splits the ```console blocks of a Markdown file into DIR/N.cmd and DIR/N.out; prints nothing.
/^```console$/ { inside = 1; next }
/^```/ { inside = 0; next }
inside && /^\$ / { n++; file = sprintf("%s/%03d", dir, n); print substr($0, 3) > (file ".cmd"); printf "" > (file ".out"); next }
inside { print > (file ".out") }
