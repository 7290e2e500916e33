printf "profdata dump 1\nseries\nvalue\tcpu\tmilliseconds\n-1500\tmain;new\n900\tmain;old\n" > d; profdata top d; profdata top --drop-negative d
