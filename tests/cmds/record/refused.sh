# Programs a library cannot be loaded into: what only the sampler inside can see is refused before they run, with the reason.
echo 'int main(void) { return 0; }' >x.c
${CC:-cc} -static -o fixed x.c 2>/dev/null || exit 77
profdata record --lock ./fixed
echo "status $?"
printf '#!%s/fixed\n' "$PWD" >script && chmod +x script
profdata record --lock ./script 2>&1 | sed "s,$PWD,.,"
# a program of another machine: only its head is looked at
{ printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\267\000\001\000\000\000'; head -c 200 /dev/zero; } >arm && chmod +x arm
profdata record --lock ./arm
echo "status $?"
${CC:-cc} -o musl x.c -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1
profdata record --lock ./musl
echo "status $?"
ls *.pb.gz *.pdrec 2>&1
true
