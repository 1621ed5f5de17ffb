# Ends one cluster and removes its folder when the test process is gone, however it went.
#
# Standard input is a pipe that only the test process can write to; its end of file is the news of
# the death. Arguments: the cluster's folder. Lines: "postmaster <pid>" after every start, "done"
# when there is nothing left to do.

trap '' INT TERM HUP QUIT PIPE
folder=$1
postmaster=
while read -r word value; do
    case $word in
        postmaster) postmaster=$value ;;
        done) exit 0 ;;
    esac
done

# Every PostgreSQL process works in its data folder and initdb in the cluster's; where there is no
# /proc, the postmaster and its children are what can be found.
members() {
    if [ -e /proc/self/cwd ]; then
        for process in /proc/[0-9]*; do
            if [ "$process/cwd" -ef "$folder/data" ] || [ "$process/cwd" -ef "$folder" ]; then
                echo "${process#/proc/}"
            fi
        done
    elif [ -n "$postmaster" ]; then
        ps -A -o pid=,ppid=,stat= | while read -r pid parent state; do
            case $state in Z*) continue ;; esac
            if [ "$pid" = "$postmaster" ] || [ "$parent" = "$postmaster" ]; then echo "$pid"; fi
        done
    fi
}

# An immediate shutdown first: the postmaster then frees its shared memory itself.
if [ -z "$postmaster" ] && [ -r "$folder/data/postmaster.pid" ]; then
    read -r postmaster < "$folder/data/postmaster.pid"
fi
attempt=0
while [ -n "$(members)" ] && [ $attempt -lt 200 ]; do
    for pid in $(members); do
        if [ $attempt -ge 50 ]; then
            kill -KILL "$pid"
        elif [ "$pid" = "$postmaster" ]; then
            kill -QUIT "$pid"
        elif [ -z "$postmaster" ]; then
            kill -KILL "$pid"
        fi
    done
    attempt=$((attempt + 1))
    sleep 0.1
done

if [ -r "$folder/data/postmaster.pid" ]; then
    segment=$(sed -n '7s/^ *[0-9]* *\([0-9]*\).*$/\1/p' "$folder/data/postmaster.pid")
    if [ -n "$segment" ]; then ipcrm -m "$segment"; fi
fi
rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
