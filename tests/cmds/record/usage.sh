# Mistakes are one line each; 125 is ours, 126 and 127 are about the command.
try() { "$@"; echo "status $?"; }
{
	try profdata record
	try profdata record -F 0 true
	try profdata record --no-such-option true
	try profdata record -o - true
	try profdata record ./nothing-here
	try profdata record no-such-command-anywhere
	touch plain && try profdata record ./plain
	mkdir folder && try profdata record ./folder
	try profdata record -o no/such/folder/x.pb.gz true
	printf '#!/no/such/interpreter\n' >lost && chmod +x lost && try profdata record -- ./lost
} 2>&1
ls
