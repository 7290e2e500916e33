# fish completion for profdata: forwards the words, profdata knows the rest
function __profdata_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program $words[1]
	set -e words[1]
	for line in ($program __complete $words "$current" 2>/dev/null)
		if test "$line" = :files
			if string match -qr '^-[^=]*=' -- "$current"
				set -l option (string replace -r '=.*' '=' -- "$current")
				for file in (__fish_complete_path (string replace -r '^[^=]*=' '' -- "$current"))
					echo "$option$file"
				end
			else
				__fish_complete_path "$current"
			end
		else
			echo $line
		end
	end
end
complete -c profdata -f -a '(__profdata_complete)'
