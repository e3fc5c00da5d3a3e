# Ends the servers of a program that is gone, also when it was killed without warning: its end of the pipe closes with it. Lines that
# come through the pipe: "watch PID", "forget PID", "remove DIRECTORY" (one that goes with the program).
trap '' INT TERM HUP
watched=
while read -r word value; do
  case $word in
    watch) watched="$watched $value" ;;
    forget)
      others=
      for pid in $watched; do [ "$pid" = "$value" ] || others="$others $pid"; done
      watched=$others
      ;;
    remove) set -- "$@" "$value" ;;
  esac
done

alive() {
  for pid in $watched; do kill -0 "$pid" 2>/dev/null && return 0; done
  return 1
}
for pid in $watched; do kill -INT "$pid" 2>/dev/null; done
tries=0
while alive && [ "$tries" -lt 30 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
# One that hangs, or was stopped, hears only this.
for pid in $watched; do kill -KILL "$pid" 2>/dev/null; done
for directory in "$@"; do rm -rf -- "$directory"; done
