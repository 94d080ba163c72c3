function main { local -a x=(a "$b" [2]=c); (( x[0] + 1 > $(id -u) )) || return 1; }
while read -r line; do [[ $line =~ ^(a|b c)+$ && ! -f $line ]] && echo "$line"; done < <(ls) &>log
for ((i = 0; i < 3; i++)); do time ! a |& b <<< "${x[@]/#a/$'\n'}"; done
