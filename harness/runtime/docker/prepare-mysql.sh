#!/bin/sh
# Initialises a data directory inside any MySQL or MariaDB image, and says what the image has.
# Runs once for each image; the result is committed, so that a server starts in a second.
# $1: the data directory, which is no volume of the image, because a commit leaves volumes out.
# $2: a data directory to copy instead, or nothing.
set -eu
data=$1
for name in mysqld mariadbd; do
    for place in /usr/sbin /usr/local/sbin /usr/bin /usr/libexec; do
        if [ -z "${server:-}" ] && [ -x "$place/$name" ]; then server=$place/$name; fi
    done
done
[ -n "${server:-}" ] || { echo "no mysqld and no mariadbd in this image" >&2; exit 1; }
identity=$("$server" --no-defaults --version)
rm -rf "$data"
if [ -n "${2:-}" ]; then
    cp -a "$2" "$data"
else
    mkdir -p "$data"
    chown mysql:mysql "$data"
fi
case $identity in
*MariaDB*)
    flavour=MariaDB client=mariadb dump=mariadb-dump
    [ -n "${2:-}" ] || mariadb-install-db --no-defaults --user=mysql --datadir="$data" \
        --auth-root-authentication-method=normal --skip-test-db --cross-bootstrap >&2
    ;;
*)
    flavour=MySQL client=mysql dump=mysqldump
    [ -n "${2:-}" ] || "$server" --no-defaults --initialize-insecure --user=mysql --datadir="$data" --secure-file-priv= >&2
    # 31 empty files for later, half of the directory: the server makes them anew, and each drill copies the rest.
    rm -f "$data"/#innodb_redo/*_tmp
    ;;
esac
version=$(printf '%s\n' "$identity" | sed -n 's/.*Ver \([0-9][0-9.]*\).*/\1/p')
printf 'server=%s\nflavour=%s\nversion=%s\nclient=%s\ndump=%s\nuser=%s\n' \
    "$server" "$flavour" "$version" "$(command -v $client)" "$(command -v $dump)" "$(id -u mysql)"
