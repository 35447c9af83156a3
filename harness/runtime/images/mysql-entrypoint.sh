#!/bin/sh
# Starts the server as the official images do, for compose files and for programs that expect one of those:
# an empty data directory is initialised, and a first server without network makes the accounts; it gets the options
# of the second one, because the database is made in its character set.
# MYSQL_ROOT_PASSWORD, MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD; each also as NAME_FILE.
# Accounts must not need quoting: letters, digits and -_.= only.
set -eu
data=/var/lib/mysql
server=$(command -v mysqld || command -v mariadbd)
if [ "$#" -gt 0 ] && [ "${1#-}" = "$1" ]; then exec "$@"; fi

value() {
    eval "file=\${$1_FILE:-} plain=\${$1:-}"
    [ -z "$file" ] || plain=$(cat "$file")
    case $plain in *[!A-Za-z0-9_.=-]*) echo "$1 holds a character that is not allowed here" >&2; exit 1 ;; esac
    printf '%s' "$plain"
}

if [ ! -d "$data/mysql" ]; then
    root=$(value MYSQL_ROOT_PASSWORD) database=$(value MYSQL_DATABASE)
    user=$(value MYSQL_USER) password=$(value MYSQL_PASSWORD)
    [ -n "$root" ] || { echo "the data directory is empty and MYSQL_ROOT_PASSWORD is not set" >&2; exit 1; }
    if command -v mariadb-install-db >/dev/null; then
        mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal \
            --skip-test-db --cross-bootstrap
    else
        "$server" --no-defaults --initialize-insecure --datadir="$data" --secure-file-priv=
    fi
    "$server" --no-defaults --datadir="$data" --socket=/tmp/first.sock "$@" --skip-networking &
    first=$!
    client=$(command -v mysql || command -v mariadb)
    until "$client" --no-defaults --socket=/tmp/first.sock --user=root -e 'SELECT 1' >/dev/null 2>&1; do
        kill -0 "$first" || { echo "the first server ended" >&2; exit 1; }
        sleep 0.2
    done
    {
        echo "CREATE USER 'root'@'%' IDENTIFIED BY '$root'; GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
        echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$root';"
        [ -z "$database" ] || echo "CREATE DATABASE \`$database\`;"
        [ -z "$user" ] || echo "CREATE USER '$user'@'%' IDENTIFIED BY '$password';"
        [ -z "$user" ] || [ -z "$database" ] || echo "GRANT ALL ON \`$database\`.* TO '$user'@'%';"
    } | "$client" --no-defaults --socket=/tmp/first.sock --user=root
    kill "$first"
    wait "$first"
fi
exec "$server" --no-defaults --datadir="$data" --socket=/tmp/mysql.sock --skip-name-resolve "$@"
