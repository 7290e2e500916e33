# The hands of pprof users: a long name behind one dash is not a bundle.
profdata convert -focus=main; echo $?
profdata convert -hide main; echo $?
