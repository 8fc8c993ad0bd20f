#!/bin/bash
# Random changes of a tree, of every kind that a file system knows: SEED COUNT FOLDER. What the kernel refuses (a name that is
# taken) is left out. For machines without Node; where that is, test/cli/persist/mutate.ts does the same.
export LC_ALL=C; RANDOM=$1; cd "$3" || exit
names=(a b c folder -rf 'sp ace' '#x' '"q"' 'back\slash' .hidden 'TRAILER!!!' '*' $'new\nline' $'\303\274' $'\377\376' $'a\303')
acl=0sAgAAAAEABwD/////AgAEAAEAAAAEAAUA/////xAABwD/////IAAFAP////8=
one() { mapfile -d '' -t all < <(find . -mindepth 1 "$@" -print0 | sort -z); ((${#all[@]})) && old=${all[RANDOM % ${#all[@]}]}; }
new() { mapfile -d '' -t all < <(find . -type d -print0 | sort -z); to=${all[RANDOM % ${#all[@]}]}/${names[RANDOM % ${#names[@]}]}; [ ! -e "$to" ] && [ ! -L "$to" ]; }
change() {
  case $((RANDOM % 26)) in
  0 | 1) new && printf %s "$RANDOM" >"$to" ;;
  2) new && mkdir -m 700 "$to" ;;
  3) new && mkdir -p "$to/a/b" && echo inside >"$to/a/file" ;;
  4) new && ln -s 'elsewhere' "$to" ;;
  5) new && mkfifo "$to" ;;
  6) new && mknod "$to" c 1 3 ;;
  7) one -type f && new && ln "$old" "$to" ;;
  8) one -type f && printf %s "$RANDOM" >"$old" ;;
  9) one -type f && echo more >>"$old" ;;
  10) one -type f && truncate -s $((RANDOM * 9)) "$old" ;;
  11) one ! -type l && chmod $((RANDOM % 8))$((RANDOM % 8))$((RANDOM % 8))$((RANDOM % 8)) "$old" ;;
  12) one && chown -h $((RANDOM)):$((RANDOM)) "$old" ;;
  13) one -type f && touch -d "@$RANDOM$RANDOM" "$old" ;;
  14) one -type f && setfattr -n user.note -v "$RANDOM" "$old" ;;
  15) one ! -type l && setfattr -n system.posix_acl_access -v $acl "$old" ;;
  16 | 17) one && rm -rf "$old" ;;
  18) one && rm -rf "$old" && if ((RANDOM % 2)); then ln -s other "$old"; else mkdir "$old" && echo other >"$old/only"; fi ;;
  19) one && new && mv -T "$old" "$to" ;;
  20 | 21) one -type d && new && mv -T "$old" "$to" ;;
  22) one -type d && mv -T "$old" "$old.away" && mv -T "$old.away" "$old" ;;
  23) one && old1=$old && one && mv --exchange -T "$old1" "$old" ;;
  24) one -type d && chmod -R $((RANDOM % 8))$((RANDOM % 8))$((RANDOM % 8)) "$old" ;;
  25) one -type d && chown -R -h $((RANDOM)):$((RANDOM)) "$old" ;;
  esac
}
for ((i = 0; i < $2; i++)); do change; done 2>/dev/null
exit 0
