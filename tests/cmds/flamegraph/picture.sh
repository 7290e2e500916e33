# The picture and the data block: one box for foo although foo.cold sorts between foo and foo;bar.
cat > in.folded <<'EOF'
main;foo 60
main;foo.cold;x 20
main;foo;bar 20
EOF
profdata flamegraph --title 'A & B' --colors hot in.folded | sed -n '/class="head"/,/<\/metadata>/{s/"version":"[^"]*"/"version":"V"/;p}'
