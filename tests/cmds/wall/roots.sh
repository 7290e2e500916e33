# The outermost frame is a thread only when it cannot be where the program begins: here all threads are one.
printf 'main;compute 400\nstart_thread;work 300\n' > on.folded
printf 'main;read 5000000\nstart_thread;wait 9000000\n' > off.folded
profdata wall -q --hz 100 --off-unit us --duration 10 -t folded on=on.folded off=off.folded
sed -i 's/main/io/; s/start_thread/pool/' on.folded off.folded
profdata wall -q --hz 100 --off-unit us --duration 10 -t folded on=on.folded off=off.folded; echo "status $?"
profdata wall -q --hz 100 --off-unit us --duration 10 -t folded --members pool=2 on=on.folded off=off.folded
