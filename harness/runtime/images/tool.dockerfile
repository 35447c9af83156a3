# apiary-drill itself. It needs an engine: its socket, or DOCKER_HOST. Drills are in /drills, whoever it runs as.
ARG BASE
FROM ${BASE}
ENV LANG=C.UTF-8 PYTHONPATH=/opt/apiary-drill:/opt/wheels PYTHONUNBUFFERED=1 HOME=/drills \
    APIARY_DRILL_STATE_DIR=/drills/state APIARY_DRILL_CACHE_DIR=/tmp/apiary-drill
RUN useradd --uid 10001 --user-group --home-dir /drills --no-create-home --shell /usr/sbin/nologin apiary-drill \
    && mkdir -m 1777 /drills
COPY apiary-drill /usr/local/bin/apiary-drill
RUN chmod 0755 /usr/local/bin/apiary-drill
# What changes most is last.
COPY harness /opt/apiary-drill/harness/
RUN python3 -m compileall -q /opt/apiary-drill
WORKDIR /drills
USER 10001:10001
ENTRYPOINT ["apiary-drill"]
CMD ["--help"]
