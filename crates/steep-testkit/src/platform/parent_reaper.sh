# Removes a folder when the process that made it is gone, however it went.
#
# Standard input is a pipe as in reaper.sh. The clusters inside have reapers of their own, and these
# find the servers by the folders: nothing is removed before those folders are gone.

trap '' INT TERM HUP QUIT PIPE
folder=$1
while read -r word; do
    case $word in
        done) exit 0 ;;
    esac
done

attempt=0
while [ -d "$folder" ] && [ $attempt -lt 600 ]; do
    if [ -z "$(find "$folder" -mindepth 1 -maxdepth 1 -type d)" ]; then
        find "$folder" -mindepth 1 -maxdepth 1 -exec rm -f -- {} +
        rmdir -- "$folder" && exit 0
    fi
    attempt=$((attempt + 1))
    sleep 0.1
done
