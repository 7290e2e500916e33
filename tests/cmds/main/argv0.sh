# Links named after a command are that command.
ln -s "$(command -v profdata)" profdata-formats
./profdata-formats --help | head -1
ln -s "$(command -v profdata)" profdata-nothing
./profdata-nothing --version | cut -d' ' -f1 | head -1
