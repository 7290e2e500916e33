printf "v<int>::f<a> 1\nv<b>::f<c> 2\nplain 4\n" | profdata filter --rename "s/<[^>]*>/<>/g" --rename "s/^plain$/[&]/" -
