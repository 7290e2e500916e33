# What cannot be fetched.
profdata info https://example.org/debug/pprof/profile; echo $?
profdata info http://127.0.0.1:1/debug/pprof/profile; echo $?
profdata info 'http://user@localhost/x'; echo $?
profdata info 'http://'; echo $?
profdata info 'http://localhost:123456/'; echo $?
profdata info 'http://local host/'; echo $?
profdata info 'http://[::1/'; echo $?
profdata info --seconds -1 http://localhost/; echo $?
