# MySQL as Debian has it. The base holds the packages; here it gets the account that it runs under.
ARG BASE
FROM ${BASE}
COPY entrypoint /usr/local/bin/entrypoint
RUN chmod 0755 /usr/local/bin/entrypoint \
    && groupadd --system --gid 999 mysql \
    && useradd --system --uid 999 --gid mysql --home-dir /nonexistent --shell /usr/sbin/nologin mysql \
    && mkdir -p /var/run/mysqld /var/lib/mysql /var/lib/mysql-files \
    && chown mysql:mysql /var/run/mysqld /var/lib/mysql /var/lib/mysql-files
VOLUME /var/lib/mysql
USER mysql
EXPOSE 3306
ENTRYPOINT ["/usr/local/bin/entrypoint"]
CMD []
